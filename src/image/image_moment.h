/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_moment: what an image is at one moment while a machine runs from it, to be read and thrown away. Of a machine
 * in layers that is a copy of what it has written itself, over the layers; of a small tree on a file system that shares
 * blocks, a copy of all. It lies in the pool's folder for work under way (pool.h), and is gone with whoever took it.
 */
#pragma once

#include "base/error.h"

struct image;
struct image_moment;

/* The caller holds the machine's processes still meanwhile; afterwards they may go on. *RET_FD, which belongs to the
 * moment, is the tree. -EBUSY when what the image is would make that last too long. */
int image_moment_take(const struct image *image, int stop_fd, struct image_moment **ret, int *ret_fd,
                      struct error **err);
void image_moment_free(struct image_moment *moment);
