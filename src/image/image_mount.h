/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_mount: the whole tree of an image in a folder of the host, for programs that know nothing of layers.
 *
 * A machine in layers that is mounted writable cannot be started, cloned or restored meanwhile: the kernel knows its
 * upper layer to be in use.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/find.h"

/* Where an image is mounted when nobody says: below /run/redd/mounts. Gives. */
char *image_mount_place(const struct image *image);

/* Mounts IMAGE on DIR, which is made where missing. -EBUSY when it runs, or something is mounted there. */
int image_mount(const struct image *image, const char *dir, bool read_only, struct error **err);

/* Ends it, and removes DIR when it is a default place. -EINVAL: nothing is mounted there; -EBUSY: somebody uses it. */
int image_unmount(const char *dir, struct error **err);

/* The first place where the directory FD is mounted on its own, other than as a part of what is around it; NULL: none.
 * Gives. */
char *image_mounted_at(int fd);
