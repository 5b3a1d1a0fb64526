/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * btrfs: subvolumes, by the ioctls of linux/btrfs.h. Everything works on descriptors; nested subvolumes are found
 * with the calls of Linux 4.18 that need no tree search. On other file systems the questions answer false.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

bool btrfs_is_file_system(int fd);
/* FD is the root directory of a subvolume (the top of the file system included). */
bool btrfs_is_subvolume(int fd);
bool btrfs_subvolume_is_read_only(int fd);

/* FD (not O_PATH) is the root of a subvolume. 0 or a negative errno. */
int btrfs_subvolume_set_read_only(int fd, bool read_only);

/* NAME in PARENT_FD becomes a new, empty subvolume. It and snapshots belong to the quota groups that their parent
 * shares with others, too (btrfs_quota.h). 0 or a negative errno. */
int btrfs_subvolume_create(int parent_fd, const char *name);

/* A writable snapshot of the subvolume TREE_FD as NAME in PARENT_FD, with all subvolumes nested in it. After a failure
 * part of it may exist; btrfs_subvolume_remove() takes it away. */
int btrfs_snapshot(int tree_fd, int parent_fd, const char *name, struct error **err);

/* Removes NAME and all subvolumes nested in it, read-only ones too. A missing NAME is success; -ENOTTY or -EINVAL
 * when it is not a subvolume. 0 or a negative errno. */
int btrfs_subvolume_remove(int parent_fd, const char *name);

/* Calls CALL for each subvolume nested in the subvolume FD (not O_PATH), at any depth. 0 or a negative errno, also
 * CALL's. */
typedef int btrfs_subvolume_fn(int fd, void *context);
int btrfs_each_nested(int fd, btrfs_subvolume_fn *call, void *context);
