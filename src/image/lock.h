/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock: one user at a time for a tree or disk image, across programs.
 *
 * Two files are locked (open file description locks, as the reference does): ".#NAME.lck" beside the image, and one in
 * /run/systemd/nspawn/locks named after the inode, for an image reached by two paths. Read-only users share. The
 * kernel releases both with the last descriptor, whatever kills us; the files themselves mean nothing:
 * the one beside an image that was in use for writing stays there, empty, the others are removed on the way out.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"

struct lock_file {
    int fd;                     /* -1: not held */
    char *path;
    bool shared;
};

struct image_lock {
    struct lock_file beside;    /* stays empty where nothing can be made beside the image */
    struct lock_file inode;
};

/* clang-format off */
#define LOCK_FILE_NONE {.fd = -1}
#define IMAGE_LOCK_NONE {.beside = LOCK_FILE_NONE, .inode = LOCK_FILE_NONE}
/* clang-format on */

/* Locks the image PATH, which IMAGE_FD (O_PATH will do) is open on, without waiting. MACHINE is who holds it, for
 * others' messages. -EBUSY: "Directory tree D is currently busy.", with a hint that names the holder. */
int image_lock_take(struct image_lock *lock, const char *path, int image_fd, bool shared, const char *machine,
                    struct error **err);
void image_lock_done(struct image_lock *lock);

/* Who has an image locked, for messages: as lock_file_holder(). Gives. */
char *image_lock_holder(const char *path, int image_fd);

/* One file, made with mode 0600 where missing. 0 or a negative errno; -EBUSY when another holds it. */
int lock_file_take(struct lock_file *lock, const char *path, bool shared);
/* Removes the file when nobody else shares it, then lets go. */
void lock_file_done(struct lock_file *lock);

/* The undo kind "lock-file": removes lock files that a dead process left. One that is held again by somebody stays. */
int undo_lock_file(const struct strings *args, struct error **err);

/* Who has the file PATH locked: "machine 'web' (process 12, redd)" or less of it, NULL when that cannot be told. Gives.
 * Reads all of /proc: for messages only. */
char *lock_file_holder(const char *path);
