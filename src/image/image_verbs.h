/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_verbs: what is done to whole images: clone, rename, remove, mark read-only, make plain again.
 *
 * Each is all or nothing, whatever kills it (pool.h). Sentences are complete behind "Could not clone image: ".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "image/find.h"
#include "image/lock.h"

/* How a copy came to be. */
enum clone_kind { CLONE_SUBVOLUME, CLONE_REFLINK, CLONE_LAYERS, CLONE_COPY };
const char *clone_kind_name(enum clone_kind kind);

/* FOLDER/NAME becomes a copy of the image FROM, with its settings files. -EEXIST, -EBUSY (FROM runs and what it is does
 * not allow a clone meanwhile). STOP_FD: readable means give up with -EINTR; -1: none. */
int image_clone(const struct image *from, const char *folder, const char *name, bool read_only, int stop_fd,
                enum clone_kind *ret_kind, struct error **err);

/* The same of an image that a machine runs from, whose processes the caller holds still meanwhile. -EBUSY when what
 * it is would make that last too long. */
int image_clone_frozen(const struct image *from, const char *folder, const char *name, bool read_only, int stop_fd,
                       enum clone_kind *ret_kind, struct error **err);

/* The tree alone, without its settings files. */
int image_clone_tree(const struct image *from, const char *folder, const char *name, int stop_fd, struct error **err);

/* In its folder, with settings files and snapshots. */
int image_rename(const struct image *image, const char *name, struct error **err);

/* Removes it with its settings files and snapshots. The administrator's file stays unless PURGE, and is named in
 * *ret_kept then (else NULL). Of a link only the link goes. */
int image_remove(const struct image *image, bool purge, char **ret_kept, struct error **err);

int image_set_read_only(const struct image *image, bool read_only, struct error **err);

/* A machine in layers becomes a plain tree. 0 also when it is none. */
int image_flatten(const struct image *image, int stop_fd, struct error **err);

/* Keeps machines and other verbs off the image meanwhile. -EBUSY: "Device or resource busy", with a hint that says
 * who. */
int image_hold(const struct image *image, bool shared, struct image_lock *ret, int *ret_fd, struct error **err);

/* The image as a tree that can be read, by those only who read: its directory or, of a machine in layers, a mount of
 * it. */
int image_tree_open(const struct image *image, int *ret_fd, struct error **err);
/* The same when its directory is open already, as FD. */
int image_tree_open_fd(const struct image *image, int fd, int *ret_fd, struct error **err);
