/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * moment: what is exported, as it was at one moment, though a machine may run from it.
 *
 * A btrfs subvolume is snapshotted. Otherwise the machine is held still: while what it has written over its layers is
 * copied, where it is in layers; while all is copied, where the file system shares blocks and the tree is small; else
 * while the tree is packed, without compression, into a file beside it, or the disk image is copied. A tree that no
 * machine runs from is read as it is.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "transfer/place.h"
#include "transfer/request.h"

struct image_moment;

struct moment {
    int fd;                     /* a tree, a disk image, or … */
    bool is_archive;            /* … the tree packed already */
    char *snapshot;             /* path of one to be removed */
    struct image_moment *image;
    struct place place;         /* of what follows */
    struct arrival copy;
};

/* clang-format off */
#define MOMENT_NONE {.fd = -1, .place = {.fd = -1}, .copy = ARRIVAL_NONE}
/* clang-format on */

int moment_of_tree(struct job *job, const struct request *request, const char *path, struct moment *ret,
                   struct error **err);
int moment_of_disk(struct job *job, const struct request *request, const char *path, struct moment *ret,
                   struct error **err);
void moment_done(struct moment *moment);
