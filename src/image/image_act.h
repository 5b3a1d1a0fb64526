/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_act: one verb at work on one image: the image held, the pool of its folder locked, a folder of its own to build
 * in. For image_verbs.h, image_moment.h and history.h alone.
 */
#pragma once

#include "image/image_verbs.h"
#include "image/pool.h"

struct image_act {
    int fd;                     /* of the image, O_PATH; -1: it need not be there */
    struct image_lock lock;
    struct pool pool;           /* of the folder things happen in */
    struct pool_work work;
    char *parent;               /* of the image's entry; the pool's folder when that is the same */
    bool frozen;                /* a machine runs from the image, and its processes are held still */
};

/* clang-format off */
#define IMAGE_ACT_NONE {.fd = -1, .lock = IMAGE_LOCK_NONE, .pool = POOL_NONE, .work = POOL_WORK_NONE}
/* clang-format on */

enum act_lock { ACT_NO_LOCK, ACT_SHARED, ACT_ALONE };

/* FOLDER: where things happen; NULL for that of the image. What was begun is ended by image_act_done(), on failure
 * too: it removes what is left in the work's folder, after letting others at the pool. */
int image_act_begin(struct image_act *act, const struct image *image, const char *folder, enum act_lock lock,
                    struct error **err);
void image_act_done(struct image_act *act);

/* "Read-only file system" for what cannot be changed: the host's tree, and images below /usr. */
int image_check_changeable(const struct image *image, struct error **err);

/* "File exists" when there is an image NAME in the pool's folder. */
int image_check_free(const struct image_act *act, const char *name, struct error **err);

/* Moves FILE of the work's folder to FILE_IN_FOLDER of the pool's folder, where nothing is. */
int image_act_commit(struct image_act *act, const char *file, const char *file_in_folder, struct error **err);

/* Before IMAGE is copied: one that has grown so many layers that one more would be too many becomes a plain tree. Takes
 * the time of a copy, once in many. */
int image_shorten(const struct image *image, int stop_fd, struct error **err);

/* Whether the image can be frozen where it is: a plain tree in the pool's own folder, or one in layers. */
bool image_can_be_layered(const struct image_act *act, const struct image *image);

/* A copy of what is below TREE_FD as FILE in the work's folder, a subvolume where there are such; the pool is unlocked
 * meanwhile. */
int image_copy_tree(struct image_act *act, int tree_fd, const char *file, int stop_fd, struct error **err);

/* A copy of the image FROM, which ACT->fd is open on, as "image" in the work's folder: by a subvolume, reflinks, layers
 * or copying. NAME: of the machine it will be. */
int image_copy(struct image_act *act, const struct image *from, const char *name, int stop_fd,
               enum clone_kind *ret_kind, struct error **err);

/* The flag "immutable" keeps a directory from being renamed. Gives back whether it was set. */
bool image_lift_flag(const struct image *image, const struct image_act *act);

/* The folder with the snapshots of the image NAME beside the act's image. Gives. */
char *image_snapshots_path(const struct image_act *act, const char *name);

/* What lies beside NAME.raw and is about it alone: the suffixes that are in the place of ".raw". */
enum { IMAGE_SIDECARS = 5 };
extern const char *const image_sidecars[IMAGE_SIDECARS];

/* Whether it is for want of room that something failed. What only removes has a way without. */
bool image_is_full(const struct error *err);
/* For the end of that way: there may be room now to remove the layers that nobody uses; else the next verb does it. */
void image_collect_if_room(struct image_act *act);
