/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree: the directory tree of a run on the host's side: its path, its locks, whose it is. For this folder only. */
#pragma once

#include <stdbool.h>

#include "config/spec.h"
#include "image/disk.h"
#include "image/lineage.h"
#include "image/lock.h"
#include "image/snapshot.h"

struct run;

struct tree {
    char *path;                         /* of the directory, or of the disk image */
    int fd;                             /* O_PATH; of an image, or a tree in layers: a detached mount of its root */
    struct lineage_tree layers;         /* n_lowers 0: none */
    struct disk *disk;                  /* NULL: a directory */
    bool read_only;                     /* marked so on disk, or asked for */
    struct image_lock lock;
    struct lock_file range_lock;        /* of the id range, while it is ours */
    enum ownership_mode ownership;      /* resolved: never AUTO */
    struct snapshot snapshot;           /* --ephemeral: what is run in place of the tree */
    bool has_snapshot;
};

/* tree.c: whether a system, or what else is asked for, is in the tree that is open. */
int tree_check_content(const struct run *run, struct error **err);

/* layer_tree.c */
/* Of a tree in layers, just opened: keeps its folder in LAYERS, and a read-only mount of the whole in FD. */
int layer_tree_find(struct tree *tree, struct error **err);
/* A new detached mount of it, its owners mapped by USERNS_FD, or left as they are (-1). Returns it. */
int layer_tree_mount(const struct run *run, int userns_fd, struct error **err);
/* Of what is mounted so, PATH alone. */
int layer_tree_mount_part(const struct run *run, const char *path, int userns_fd, struct error **err);
/* Changes the owners, as tree_shift() does. */
int layer_tree_shift(const struct run *run, uint64_t *ret_changed, struct error **err);

/* disk_tree.c */
int disk_tree_find(struct run *run, struct error **err);
/* A new detached mount of a part of the image, its owners mapped by USERNS_FD, or left as they are (-1). Returns it. */
int disk_tree_mount(const struct run *run, enum disk_part part, int userns_fd, struct error **err);
/* Whether PART is to be seen in this run. */
bool disk_tree_wants(const struct run *run, enum disk_part part);
void disk_tree_close(struct tree *tree);
