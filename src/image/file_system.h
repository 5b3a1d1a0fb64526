/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_system: which file system a stretch of bytes holds, by the marks that file systems leave at fixed places.
 *
 * Only the name is wanted, since the kernel is the one to read the rest; bytes that bear the marks of two are refused,
 * for then the one who looked and the one who mounts might see different things.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum content {
    CONTENT_UNKNOWN,
    CONTENT_EXT4,               /* ext2 and ext3 as well: the driver is the same */
    CONTENT_XFS,
    CONTENT_BTRFS,
    CONTENT_SQUASHFS,
    CONTENT_EROFS,
    CONTENT_VFAT,
    CONTENT_F2FS,
    CONTENT_ISO9660,
    CONTENT_LUKS,               /* encrypted */
    CONTENT_VERITY,             /* hashes for another partition */
    CONTENT_SWAP,
    CONTENT_LVM,
};

/* As the kernel calls it: "ext4"; for what is no file system, words for an error: "an encrypted volume (LUKS)". */
const char *content_name(enum content content);

/* Something that can be mounted. */
bool content_is_file_system(enum content content);

/* Nothing ever writes to it. */
bool content_is_read_only(enum content content);

/* Looks at FD from OFFSET on, SIZE bytes at most. -EBADMSG when it bears two marks. */
int content_probe(int fd, uint64_t offset, uint64_t size, enum content *ret, struct error **err);
