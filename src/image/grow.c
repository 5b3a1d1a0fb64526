/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/grow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <linux/btrfs.h>

#include "base/fd.h"
#include "base/log.h"

/* Numbers and layouts of fs/ext4/ext4.h and fs/xfs/libxfs/xfs_fs.h: interface, but in no header of a C library. */
#define EXT4_RESIZE _IOW('f', 16, uint64_t)

struct xfs_geometry {
    uint32_t block_size, rt_extent_size, ag_blocks, ag_count, log_blocks, sector_size, inode_size, percent_for_inodes;
    uint64_t rest[10];
};
#define XFS_GEOMETRY _IOR('X', 100, struct xfs_geometry)

struct xfs_growth {
    uint64_t blocks;
    uint32_t percent_for_inodes;
};
#define XFS_GROW _IOW('X', 110, struct xfs_growth)

/* The share of the inodes is set again with each growth, so it has to be known first. */
static int grow_xfs(int fd, uint64_t blocks)
{
    struct xfs_geometry geometry;
    struct xfs_growth growth = {.blocks = blocks};

    if (ioctl(fd, XFS_GEOMETRY, &geometry) < 0)
        return -1;
    growth.percent_for_inodes = geometry.percent_for_inodes;
    return ioctl(fd, XFS_GROW, &growth);
}

int file_system_grow(int mount_fd, enum content content, uint64_t device_size)
{
    auto_close int fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statvfs st;
    int r = 0;

    if (fd < 0 || fstatvfs(fd, &st) < 0)
        return -errno;
    uint64_t blocks = device_size / (st.f_frsize ? st.f_frsize : 4096);
    if (content == CONTENT_EXT4)
        r = ioctl(fd, EXT4_RESIZE, &blocks);
    else if (content == CONTENT_XFS)
        r = grow_xfs(fd, blocks);
    else if (content == CONTENT_BTRFS) {
        struct btrfs_ioctl_vol_args args = {.name = "max"};
        r = ioctl(fd, BTRFS_IOC_RESIZE, &args);
    }
    if (r == 0)
        return 0;
    r = -errno;
    log_debug("cannot grow a file system to %llu bytes: %s", (unsigned long long) device_size, strerror(-r));
    return r;
}
