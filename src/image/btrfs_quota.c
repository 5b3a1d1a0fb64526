/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quota groups. Their numbers stand in a tree of the file system that the search call reads. */
#include "image/btrfs_quota.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/btrfs.h>

#include "base/fd.h"
#include "base/id128.h"
#include "base/mem.h"
#include "image/btrfs.h"

/* From linux/btrfs_tree.h, which not every system has in a usable form. */
#define QUOTA_TREE 8u
#define INFO_KEY 242u
#define LIMIT_KEY 244u
#define RELATION_KEY 246u
#define GROUP_OF_MANY (UINT64_C(1) << 48)

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

/* What stands under the keys from MIN to MAX of the quota tree goes to ARGS. */
static int search(int fd, const struct btrfs_ioctl_search_key *key, struct btrfs_ioctl_search_args *args)
{
    args->key = *key;
    args->key.tree_id = QUOTA_TREE;
    args->key.max_transid = UINT64_MAX;
    return ioctl(fd, BTRFS_IOC_TREE_SEARCH, args) < 0 ? -errno : 0;
}

static int read_group(int fd, uint64_t id, uint32_t type, struct btrfs_limit *ret)
{
    const struct btrfs_ioctl_search_key key = {
        .min_type = type, .max_type = type, .min_offset = id, .max_offset = id, .nr_items = 1,
    };
    auto_free struct btrfs_ioctl_search_args *args = mem_alloc(sizeof *args);
    struct btrfs_ioctl_search_header header;

    int r = search(fd, &key, args);
    if (r < 0 || args->key.nr_items == 0)
        return r;
    memcpy(&header, args->buf, sizeof header);
    read_item(&header, args->buf + sizeof header, id, ret);
    return 0;
}

static int read_limit(int fd, uint64_t id, struct btrfs_limit *ret)
{
    int r = read_group(fd, id, INFO_KEY, ret);

    return r < 0 ? r : read_group(fd, id, LIMIT_KEY, ret);
}

int btrfs_limit_read(int fd, enum btrfs_whose whose, struct btrfs_limit *ret)
{
    struct btrfs_limit limit = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    auto_close int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint64_t id = 0;

    int r = real < 0 ? -errno : subvolume_id(real, &id);
    if (r == 0 && whose == BTRFS_WITH_NESTED)
        r = read_limit(real, GROUP_OF_MANY | id, &limit);
    if (r == 0 && limit.usage == UINT64_MAX)
        r = read_limit(real, id, &limit);
    if (r == 0)
        *ret = limit;
    return r;
}

size_t btrfs_groups_of(int fd, uint64_t *ret, size_t n)
{
    auto_free struct btrfs_ioctl_search_args *args = mem_alloc(sizeof *args);
    uint64_t id = 0;

    if (subvolume_id(fd, &id) < 0)
        return 0;
    const struct btrfs_ioctl_search_key key = {
        .min_objectid = id, .max_objectid = id, .min_type = RELATION_KEY, .max_type = RELATION_KEY,
        .min_offset = GROUP_OF_MANY, .max_offset = UINT64_MAX, .nr_items = (uint32_t) n,
    };
    if (search(fd, &key, args) < 0)
        return 0;
    /* the items are empty: their keys say it all */
    for (uint32_t i = 0; i < args->key.nr_items; i++) {
        struct btrfs_ioctl_search_header header;

        memcpy(&header, args->buf + i * sizeof header, sizeof header);
        ret[i] = header.offset;
    }
    return args->key.nr_items;
}

/* -- setting -- */

static int wait_until_counted(int fd)
{
    return ioctl(fd, BTRFS_IOC_QUOTA_RESCAN_WAIT) < 0 && errno != EINVAL ? -errno : 0;
}

static int switch_on(int fd)
{
    struct btrfs_ioctl_quota_ctl_args args = {.cmd = BTRFS_QUOTA_CTL_ENABLE};

    return ioctl(fd, BTRFS_IOC_QUOTA_CTL, &args) < 0 ? -errno : wait_until_counted(fd);
}

/* GROUP 0: that of FD. */
static int set_limit(int fd, uint64_t group, uint64_t bytes)
{
    /* all ones take a limit away */
    struct btrfs_ioctl_qgroup_limit_args args = {
        .qgroupid = group,
        .lim = {.flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = bytes},
    };

    return ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args) < 0 ? -errno : 0;
}

static int make_group(int fd, uint64_t group)
{
    struct btrfs_ioctl_qgroup_create_args args = {.create = 1, .qgroupid = group};

    return ioctl(fd, BTRFS_IOC_QGROUP_CREATE, &args) < 0 && errno != EEXIST ? -errno : 0;
}

struct joining {
    uint64_t group;
    bool has_to_count;
};

static int join(int fd, void *context)
{
    struct joining *joining = context;
    uint64_t id = 0;

    int r = subvolume_id(fd, &id);
    if (r < 0)
        return r;
    struct btrfs_ioctl_qgroup_assign_args args = {.assign = 1, .src = id, .dst = joining->group};
    r = ioctl(fd, BTRFS_IOC_QGROUP_ASSIGN, &args);
    joining->has_to_count |= r > 0;
    return r < 0 && errno != EEXIST ? -errno : 0;
}

/* The group, with all members. */
static int gather(int fd, uint64_t group)
{
    struct joining joining = {.group = group};
    struct btrfs_ioctl_quota_rescan_args rescan = {0};

    int r = make_group(fd, group);
    if (r == 0)
        r = join(fd, &joining);
    if (r == 0)
        r = btrfs_each_nested(fd, join, &joining);
    if (r < 0 || !joining.has_to_count)
        return r;
    if (ioctl(fd, BTRFS_IOC_QUOTA_RESCAN, &rescan) < 0 && errno != EINPROGRESS)
        return -errno;
    return wait_until_counted(fd);
}

struct btrfs_groups btrfs_groups_ask(int subvolume_fd)
{
    struct btrfs_groups groups = {0};

    if (subvolume_id(subvolume_fd, &groups.id) < 0)
        return (struct btrfs_groups){0};
    groups.n = btrfs_groups_of(subvolume_fd, groups.of, BTRFS_GROUPS_MAX);
    return groups;
}

void btrfs_groups_forget(int fd, const struct btrfs_groups *groups)
{
    const uint64_t many = GROUP_OF_MANY | groups->id;
    struct btrfs_ioctl_qgroup_create_args remove_many = {.qgroupid = many}, remove_own = {.qgroupid = groups->id};

    if (groups->id == 0)
        return;
    /* a group that has members stays, even when they are gone */
    for (size_t i = 0; i < groups->n; i++) {
        struct btrfs_ioctl_qgroup_assign_args leave = {.src = groups->id, .dst = groups->of[i]};

        (void) ioctl(fd, BTRFS_IOC_QGROUP_ASSIGN, &leave);
    }
    (void) ioctl(fd, BTRFS_IOC_QGROUP_CREATE, &remove_many);
    (void) ioctl(fd, BTRFS_IOC_QGROUP_CREATE, &remove_own);
}

static int try_to_set(int fd, enum btrfs_whose whose, uint64_t bytes)
{
    uint64_t id = 0, group = 0;
    int r = 0;

    if (whose == BTRFS_WITH_NESTED) {
        r = subvolume_id(fd, &id);
        group = r < 0 ? 0 : GROUP_OF_MANY | id;
        if (r == 0 && bytes != UINT64_MAX)
            r = gather(fd, group);
    }
    if (r == 0)
        r = set_limit(fd, group, bytes);
    return r == -ENOENT && bytes == UINT64_MAX ? 0 : r;
}

int btrfs_limits_override(int fd, bool on)
{
    struct btrfs_ioctl_fs_info_args info = {0};
    char uuid[37];

    if (ioctl(fd, BTRFS_IOC_FS_INFO, &info) < 0)
        return -errno;

    struct id128 id;
    memcpy(id.byte, info.fsid, sizeof id.byte);
    id128_format_uuid(id, uuid);
    auto_free char *path = mem_format("/sys/fs/btrfs/%s/quota_override", uuid);
    return file_write_existing(AT_FDCWD, path, on ? "1" : "0");
}

/* The change itself takes some room in the subvolume that it is asked for by, which may be full. */
static int set_though_full(int fd, enum btrfs_whose whose, uint64_t bytes)
{
    if (btrfs_limits_override(fd, true) < 0)
        return -EDQUOT;

    int r = try_to_set(fd, whose, bytes);
    (void) btrfs_limits_override(fd, false);
    return r;
}

int btrfs_limit_set(int fd, enum btrfs_whose whose, uint64_t bytes, struct error **err)
{
    auto_close int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = real < 0 ? -errno : try_to_set(real, whose, bytes);

    /* quotas are off: then there is nothing to lift either */
    if (r == -ENOTCONN || (r == -EINVAL && real >= 0)) {
        r = bytes == UINT64_MAX ? 0 : switch_on(real);
        if (r == 0 && bytes != UINT64_MAX)
            r = try_to_set(real, whose, bytes);
    }
    if (r == -EDQUOT)
        r = set_though_full(real, whose, bytes);
    if (r == 0)
        return 0;
    fail(err, -r, "cannot set the limit of the subvolume's quota group");
    if (r == -EDQUOT)
        fail_hint(*err, "it is used up to the last block, and the change takes one: remove a file in it first");
    return r;
}
