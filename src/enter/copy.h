/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy: files and trees into machines, out of them, and between them; running ones, and images of those that do not.
 *
 * Owners keep their numbers as each side sees them: user 1000 in a machine with user ids of its own is user 1000 here.
 * Ids that the other side has no number for become its root, and set-user-id bits of theirs go. What is copied appears
 * under its name at once, when it is complete, or not at all. Neither side's tree can lead a copy out of itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "enter/file_maker.h"
#include "enter/guest.h"
#include "image/lock.h"

struct disk;

/* A side of a copy. */
struct copy_place {
    const char *name;           /* of the machine, NULL: the host */
    struct guest guest;
    int root_fd;                /* of its tree; -1: the host */
    bool has_own_ids;           /* its ids 0 … COUNT - 1 are BASE … on the host */
    uint32_t base, count;
    struct file_maker maker;
    struct image_lock lock;     /* of an image that does not run */
    struct disk *disk;          /* of a disk image */
    char *mounted_at;           /* in our own mount namespace */
};
#define COPY_PLACE_EMPTY {.guest = GUEST_EMPTY, .root_fd = -1, .lock = IMAGE_LOCK_NONE}

/* NAME is a machine that runs, else an image; NULL: the host. *RET is to be COPY_PLACE_EMPTY, and NAME has to stay. A
 * disk image, and a machine in layers, is mounted in a mount namespace that this process enters for it. */
int copy_place_open(const struct registry *registry, const char *name, bool for_writing, struct copy_place *ret,
                    struct error **err);
void copy_place_done(struct copy_place *place);

struct copy_request {
    const struct copy_place *from, *to;
    const char *from_path, *to_path;    /* absolute; TO_PATH with its new name */
    bool force;                 /* replace files that are there; folders that are there are filled up */
};

/* *ret_left_out counts the sockets and devices that were not copied. -EEXIST: something is there. From here on this
 * process makes files as TO's root. */
int copy_make(const struct copy_request *request, size_t *ret_left_out, struct error **err);
