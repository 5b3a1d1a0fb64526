/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool: what redd keeps beside the images of a folder, in FOLDER/.redd.v.
 *
 *     README          for whoever finds the folder
 *     lock            held, exclusively, by whoever changes what is below; released by the kernel
 *     layers/ID/      frozen trees that machines share (layers.h)
 *     snapshots/NAME/TAG/     (history.h)
 *     tmp/ID/         one folder for each act under way: its lock, its undo list, what it makes
 *     gone-ID         what is being removed from a full disk (pool_discard())
 *
 * Every act makes what it makes in its own folder below tmp/, and puts it into place by one rename. Whatever kills it,
 * the next one who changes the pool finds a folder whose lock is free, runs the undo list in it, and removes it.
 *
 * The name is chosen for other programs' sake: those that manage images take "NAME.v" for a folder of versions, and
 * this one is empty to them, while a folder ".redd" would be a hidden image, which "clean" removes; and what begins
 * with ".#" is removed when a systemd host boots.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/undo.h"

#define POOL_NAME ".redd.v"
#define POOL_ID_SIZE 33         /* 32 hex digits and the NUL */

struct pool {
    char *folder;               /* of the images */
    int folder_fd;              /* O_PATH */
    int fd;                     /* of the pool; -1: there is none */
    int lock_fd;                /* -1: not ours to change */
};

/* clang-format off */
#define POOL_NONE {.folder_fd = -1, .fd = -1, .lock_fd = -1}
/* clang-format on */

/* For looking. A folder without a pool is no failure: FD is -1. */
int pool_look(const char *folder, struct pool *ret, struct error **err);

/* For changing: makes the pool where missing, waits for its lock, and takes back what dead ones left (a warning says
 * what of it could not be). */
int pool_change(const char *folder, struct pool *ret, struct error **err);

/* Lets others in while something long goes on in an own folder below tmp/, and locks again. */
void pool_unlock(struct pool *pool);
int pool_relock(struct pool *pool, struct error **err);

/* A pool that is locked and holds nothing is removed. */
void pool_done(struct pool *pool);

/* Opens a folder of the pool, "layers" say, which is made when MAKE. -1 with errno ENOENT where missing. */
int pool_open_folder(const struct pool *pool, const char *name, bool make);

/* One act's own folder. */
struct pool_work {
    char id[POOL_ID_SIZE];
    int fd;
    int lock_fd;
    struct undo *undo;          /* run when the act dies: kinds are below */
};

/* clang-format off */
#define POOL_WORK_NONE {.fd = -1, .lock_fd = -1}
/* clang-format on */

/* The pool must be locked; the folder is ours until pool_work_end(), locked or not. */
int pool_work_begin(struct pool *pool, struct pool_work *ret, struct error **err);

/* Removes the folder with all that is still in it. That may be a large tree: the pool is better unlocked before. */
void pool_work_end(struct pool *pool, struct pool_work *work);

/* For disks that are so full that no act gets its folder: NAME in DIR_FD (AT_FDCWD and a path will do) is moved to
 * gone-ID in the pool, which takes no room, and is removed there; without a pool to .gone-ID in the folder of images.
 * 0 or a negative errno. */
int pool_discard(const struct pool *pool, int dir_fd, const char *name);
/* The first half of that. Gives the name in the pool, or in the folder. */
int pool_hide(const struct pool *pool, int dir_fd, const char *name, char **ret);

/* Whether somebody holds the folder NAME below tmp/. */
bool pool_work_is_alive(const struct pool *pool, const char *name);

/* Kinds of records for a work's undo list. All take absolute paths.
 *   remove-unless IMAGE PATH...     what was made for an image that never came to be, or belongs to one that is gone
 *   move-if IMAGE FROM TO           what belongs to an image that has its new place already: goes the same way */
#define POOL_REMOVE_UNLESS "remove-unless"
#define POOL_MOVE_IF "move-if"

/* Runs the list now, as recovery would. */
int pool_work_settle(struct pool_work *work, struct error **err);

/* A fresh id. */
void pool_new_id(char ret[POOL_ID_SIZE]);

/* A new file with TEXT, on disk when this returns. */
int pool_write_file(int dir_fd, const char *name, const char *text, struct error **err);
