/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* btrfs_quota: how much a subvolume takes and may take, by the quota groups of btrfs: the one kind of limit on a
 * directory tree that needs no preparation of the disk. */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Bytes; UINT64_MAX: unknown, or no limit. */
struct btrfs_limit {
    uint64_t usage, limit;
    uint64_t usage_exclusive, limit_exclusive;
};

/* Of the subvolume FD (O_PATH will do). 0 or a negative errno: -ENOENT where quotas are not switched on. */
int btrfs_limit_read(int fd, struct btrfs_limit *ret);

/* What the subvolume FD may take, UINT64_MAX: as much as there is. Switches quotas on for the file system where they
 * are off, and waits until it has counted. */
int btrfs_limit_set(int fd, uint64_t bytes, struct error **err);
