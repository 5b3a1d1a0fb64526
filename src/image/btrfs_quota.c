/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quota groups. Their numbers stand in a tree of the file system that the search call reads. */
#include "image/btrfs_quota.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/btrfs.h>

#include "base/fd.h"
#include "base/mem.h"

/* From linux/btrfs_tree.h, which not every system has in a usable form. */
#define QUOTA_TREE 8u
#define INFO_KEY 242u
#define LIMIT_KEY 244u

/* Little-endian, as on disk: of a group's sizes, and of its limits, those that matter here. */
enum { INFO_REFERENCED = 8, INFO_EXCLUSIVE = 24, LIMIT_FLAGS = 0, LIMIT_REFERENCED = 8, LIMIT_EXCLUSIVE = 16 };
enum { ITEM_SIZE = 40 };

static uint64_t read_u64(const char *at)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | (unsigned char) at[i];
    return value;
}

static int subvolume_id(int fd, uint64_t *ret)
{
    auto_free struct btrfs_ioctl_get_subvol_info_args *info = mem_alloc(sizeof *info);

    if (ioctl(fd, BTRFS_IOC_GET_SUBVOL_INFO, info) < 0)
        return -errno;
    *ret = info->treeid;
    return 0;
}

static void read_item(const struct btrfs_ioctl_search_header *header, const char *item, uint64_t id,
                      struct btrfs_limit *ret)
{
    if (header->offset != id || header->len < ITEM_SIZE)
        return;
    if (header->type == INFO_KEY) {
        ret->usage = read_u64(item + INFO_REFERENCED);
        ret->usage_exclusive = read_u64(item + INFO_EXCLUSIVE);
    } else if (header->type == LIMIT_KEY) {
        uint64_t flags = read_u64(item + LIMIT_FLAGS);

        if (flags & BTRFS_QGROUP_LIMIT_MAX_RFER)
            ret->limit = read_u64(item + LIMIT_REFERENCED);
        if (flags & BTRFS_QGROUP_LIMIT_MAX_EXCL)
            ret->limit_exclusive = read_u64(item + LIMIT_EXCLUSIVE);
    }
}

static int search(int fd, uint64_t id, uint32_t type, struct btrfs_limit *ret)
{
    auto_free struct btrfs_ioctl_search_args *args = mem_alloc(sizeof *args);
    size_t at = 0;

    args->key = (struct btrfs_ioctl_search_key){
        .tree_id = QUOTA_TREE, .min_type = type, .max_type = type, .min_offset = id, .max_offset = id,
        .max_transid = UINT64_MAX, .nr_items = 1,
    };
    if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, args) < 0)
        return -errno;
    for (unsigned i = 0; i < args->key.nr_items; i++) {
        struct btrfs_ioctl_search_header header;

        memcpy(&header, args->buf + at, sizeof header);
        read_item(&header, args->buf + at + sizeof header, id, ret);
        at += sizeof header + header.len;
    }
    return 0;
}

int btrfs_limit_read(int fd, struct btrfs_limit *ret)
{
    struct btrfs_limit limit = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    auto_close int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint64_t id = 0;

    int r = real < 0 ? -errno : subvolume_id(real, &id);
    if (r == 0)
        r = search(real, id, INFO_KEY, &limit);
    if (r == 0)
        r = search(real, id, LIMIT_KEY, &limit);
    if (r == 0)
        *ret = limit;
    return r;
}

static int set_limit(int fd, uint64_t bytes)
{
    /* all ones take a limit away */
    struct btrfs_ioctl_qgroup_limit_args args = {
        .lim = {.flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = bytes},
    };

    return ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args) < 0 ? -errno : 0;
}

static int switch_on(int fd)
{
    struct btrfs_ioctl_quota_ctl_args args = {.cmd = BTRFS_QUOTA_CTL_ENABLE};

    if (ioctl(fd, BTRFS_IOC_QUOTA_CTL, &args) < 0)
        return -errno;
    return ioctl(fd, BTRFS_IOC_QUOTA_RESCAN_WAIT) < 0 && errno != EINVAL ? -errno : 0;
}

int btrfs_limit_set(int fd, uint64_t bytes, struct error **err)
{
    auto_close int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = real < 0 ? -errno : set_limit(real, bytes);

    /* quotas are off: then there is nothing to lift either */
    if (r == -ENOTCONN || (r == -EINVAL && real >= 0)) {
        r = bytes == UINT64_MAX ? 0 : switch_on(real);
        if (r == 0 && bytes != UINT64_MAX)
            r = set_limit(real, bytes);
    }
    return r < 0 ? fail(err, -r, "cannot set the limit of the subvolume's quota group") : 0;
}
