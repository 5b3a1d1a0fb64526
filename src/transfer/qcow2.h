/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qcow2: reads disk images of that format (versions 2 and 3), cluster by cluster. Compressed clusters (deflate and
 * zstd) are known; encrypted images, ones with another file below or data beside, are refused by name.
 *
 * The image is an enemy's: each offset is checked against the file, memory is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct qcow2;

/* Reads SIZE bytes at OFFSET of the file: 0, or a negative errno (-ENODATA beyond the end). */
struct qcow2_file {
    int (*read)(void *data, void *buffer, size_t size, uint64_t offset);
    void *data;
};

bool qcow2_is_one(const void *start, size_t size);

/* Reads the header. R5060 to R5064 say what is wrong or not known. */
int qcow2_open(const struct qcow2_file *file, struct qcow2 **ret, struct error **err);

uint64_t qcow2_size(const struct qcow2 *image);             /* of the disk, in bytes */
uint32_t qcow2_cluster_size(const struct qcow2 *image);     /* at most 2 MiB */

/* Cluster number INDEX of the disk into BUFFER (of a cluster's size). 1: it has content, 0: it is all zeroes and BUFFER
 * was not touched; negative: the image is damaged. */
int qcow2_read(struct qcow2 *image, uint64_t index, void *buffer, struct error **err);

void qcow2_close(struct qcow2 *image);
void qcow2_closep(struct qcow2 **image);
