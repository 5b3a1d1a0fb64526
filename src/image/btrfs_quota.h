/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * btrfs_quota: how much a subvolume takes and may take, by the quota groups of btrfs: the one kind of limit on a
 * directory tree that needs no preparation of the disk.
 *
 * Each subvolume has a group of its own, 0/ID. One together with all that are nested in it has the group 1/ID, which is
 * made when a limit is set: those there are join it then, new ones as they are made (btrfs.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum btrfs_whose { BTRFS_ITS_OWN, BTRFS_WITH_NESTED };

/* Bytes; UINT64_MAX: unknown, or no limit. */
struct btrfs_limit {
    uint64_t usage, limit;
    uint64_t usage_exclusive, limit_exclusive;
};

/* Of the subvolume FD (O_PATH will do); its own when it has no group with those nested. 0 or a negative errno: -ENOENT
 * where quotas are not switched on. */
int btrfs_limit_read(int fd, enum btrfs_whose whose, struct btrfs_limit *ret);

/* What the subvolume FD may take, UINT64_MAX: as much as there is. Switches quotas on for the file system where they
 * are off, and waits until it has counted. */
int btrfs_limit_set(int fd, enum btrfs_whose whose, uint64_t bytes, struct error **err);

/* Whether who has CAP_SYS_RESOURCE may go over the limits of the file system of the directory FD, open for reading: for
 * the moment of a change that a used-up limit would not let happen. 0 or a negative errno. */
int btrfs_limits_override(int fd, bool on);

/* The groups, N at most, of which what is made in the directory FD becomes a member: those of the subvolume it lies in
 * that are for several. Their number; 0 also where there are no quotas. */
size_t btrfs_groups_of(int fd, uint64_t *ret, size_t n);

/* The groups of a subvolume, which outlive it: what they are is asked while it is there, and they are removed, where
 * the kernel lets them go, by the file system's directory FD when it is gone. Newer kernels remove 0/ID by themselves,
 * once all of the subvolume is freed. */
enum { BTRFS_GROUPS_MAX = 8 };

struct btrfs_groups {
    uint64_t id;                /* of the subvolume; 0: there are none */
    uint64_t of[BTRFS_GROUPS_MAX];
    size_t n;
};

struct btrfs_groups btrfs_groups_ask(int subvolume_fd);
void btrfs_groups_forget(int fd, const struct btrfs_groups *groups);
