/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * raw: a disk image into a file, whatever it comes in: plain, compressed, as qcow2, or as the one disk in a tar
 * archive. Blocks of zeroes become holes.
 */
#pragma once

#include "base/error.h"
#include "transfer/channel.h"

struct raw {
    int input_fd;               /* from where it stands */
    int output_fd;              /* an empty file, open for reading and writing */
    int scratch_fd;             /* another one, for a qcow2 image that is compressed as a whole */
};

/* The work of a worker, with a struct raw. Facts: "kind=raw" or "kind=qcow2". */
int raw_work(void *data, struct channel *up, struct error **err);

/* Writes SIZE bytes at offset AT, leaving out blocks of zeroes. 0 or a negative errno. */
int sparse_write(int fd, const char *bytes, size_t size, uint64_t at);
