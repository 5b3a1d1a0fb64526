/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * snapshot: a tree of one's own from another one: for the length of a run (--ephemeral), or for good (--template).
 *
 * For a run it is there at once, whatever the size: a btrfs snapshot when the tree is a subvolume, else an overlay
 * whose upper layer vanishes with the run. That layer lies on disk (beside the tree, else in /var/tmp), where big
 * writes cost no memory, or on a tmpfs when the place beside the tree cannot be written or cannot hold it. The tree
 * below an overlay must not change while the run lasts; what does change may show through. For good it is a btrfs
 * snapshot, else a copy that shares blocks where it can, made under another name and put into place when complete.
 *
 * Leaving traces is split in two: snapshot_plan_…() names the thing, the caller records "remove-snapshot PATH" as undo,
 * snapshot_make() makes it.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct lineage_tree;
struct strings;

enum snapshot_kind { SNAPSHOT_SUBVOLUME, SNAPSHOT_OVERLAY, SNAPSHOT_COPY };

struct snapshot {
    enum snapshot_kind kind;    /* what is planned; snapshot_make() may have to take a later one */
    char *path;                 /* the directory on the host that must be removed; NULL: nothing is left there */
    char *target;               /* where a lasting one goes, NULL for the others */
    bool in_memory;             /* the upper layer of an overlay is a tmpfs */
    const struct lineage_tree *layers;  /* set before snapshot_mount(): the tree is in layers; borrowed */
    bool metadata_only;         /* set before snapshot_mount(): owners will be changed on it (shift.h), content not */
};

/* For a run on the tree TREE_PATH: P/.#snapshot.NAME<16 hex digits>, or /.#machine.<16 hex digits> for "/". */
int snapshot_plan_ephemeral(int tree_fd, const char *tree_path, struct snapshot *ret, struct error **err);

/* TARGET, which does not exist, as a lasting copy of the tree TEMPLATE_FD. */
int snapshot_plan_template(int template_fd, const char *target, struct snapshot *ret, struct error **err);

/* Makes what was planned, from the tree (O_PATH will do). After a failure PATH may be there in part. STOP_FD: readable
 * means give up with -EINTR; -1: none. */
int snapshot_make(struct snapshot *snapshot, int tree_fd, int stop_fd, struct error **err);

/* A lasting one: PATH becomes TARGET. -EEXIST when that came into being meanwhile. */
int snapshot_commit(const struct snapshot *snapshot, struct error **err);

/* A temporary one: gives the detached mount that the container's root is made of; owners are mapped by the user
 * namespace USERNS_FD (idmap.h), or left as they are (-1). */
int snapshot_mount(struct snapshot *snapshot, int tree_fd, int userns_fd, int *ret_mount_fd, struct error **err);

/* Removes what snapshot_make() left at PATH, in whatever state; success when nothing is there. Refuses names that
 * are none of ours (they start with ".#"). */
int snapshot_remove(const char *path, struct error **err);

/* The same as an undo kind (base/undo.h), "remove-snapshot". */
int undo_snapshot(const struct strings *args, struct error **err);

void snapshot_done(struct snapshot *snapshot);
