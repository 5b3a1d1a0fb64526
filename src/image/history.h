/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * history: snapshots of images, in the pool beside them (pool.h):
 *
 *     snapshots/NAME/TAG/snapshot     when it was taken
 *     snapshots/NAME/TAG/tree         a copy, made as a clone is: a subvolume, layers, or a plain tree
 *     snapshots/NAME/TAG/image.raw    the same of a disk image
 *
 * They belong to the image: they are renamed and removed with it. Images in folders that cannot be written have none.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/find.h"
#include "image/image_verbs.h"

struct snapshot_record {
    char *tag;
    uint64_t taken_us;
    enum image_type type;
    bool layered;
    char *path;                 /* of the tree or disk image */
};

struct snapshot_records {
    struct snapshot_record *item;       /* oldest first */
    size_t count;
};
void snapshot_records_done(struct snapshot_records *records);

/* Those that are whole. */
int history_list(const struct image *image, struct snapshot_records *ret, struct error **err);

/* Takes one; TAG NULL: named after the time. Gives *ret_tag. -EEXIST; -EBUSY when the image runs and is of a kind that
 * cannot be copied meanwhile. */
int history_take(const struct image *image, const char *tag, int stop_fd, char **ret_tag, struct error **err);

/* The same of an image that a machine runs from, whose processes the caller holds still meanwhile. */
int history_take_frozen(const struct image *image, const char *tag, int stop_fd, char **ret_tag, struct error **err);

/* The image is again what it was then; what it is now is lost. It must not run. */
int history_restore(const struct image *image, const char *tag, int stop_fd, struct error **err);

int history_remove(const struct image *image, const char *tag, struct error **err);

/* What is to be kept: the newest COUNT ones, and those younger than AGE_US; 0: no such rule. */
struct keep_rule {
    unsigned count;
    uint64_t age_us;
};
/* "7", "30d", "7,30d". -EINVAL. */
int keep_rule_parse(const char *text, struct keep_rule *ret);
/* Removes the others; their tags go to *ret_removed. */
int history_expire(const struct image *image, const struct keep_rule *rule, struct strings *ret_removed,
                   struct error **err);

/* The record TAG; -ENOENT names those there are. */
int history_find(const struct image *image, const char *tag, struct snapshot_record *ret, struct error **err);
void snapshot_record_done(struct snapshot_record *record);
