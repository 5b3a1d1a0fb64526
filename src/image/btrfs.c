/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* btrfs ioctls. Nested subvolumes do not follow their parent into a snapshot (empty directories stand in their place)
 * and keep it from being removed, so both are done one by one. */
#include "image/btrfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/btrfs.h>
#include <linux/magic.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "image/btrfs_quota.h"

#ifndef BTRFS_FIRST_FREE_OBJECTID
#define BTRFS_FIRST_FREE_OBJECTID 256ULL        /* inode number of each subvolume's root; from linux/btrfs_tree.h */
#endif

bool btrfs_is_file_system(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

bool btrfs_is_subvolume(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_ino == BTRFS_FIRST_FREE_OBJECTID &&
           btrfs_is_file_system(fd);
}

/* ioctls are refused on O_PATH descriptors. */
static int reopen(int fd)
{
    int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return real < 0 ? -errno : real;
}

bool btrfs_subvolume_is_read_only(int fd)
{
    uint64_t flags;
    auto_close int real = btrfs_is_subvolume(fd) ? reopen(fd) : -1;

    return real >= 0 && ioctl(real, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) == 0 && (flags & BTRFS_SUBVOL_RDONLY);
}

int btrfs_subvolume_set_read_only(int fd, bool read_only)
{
    uint64_t flags;

    if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0)
        return -errno;

    uint64_t wanted = read_only ? flags | BTRFS_SUBVOL_RDONLY : flags & ~(uint64_t) BTRFS_SUBVOL_RDONLY;
    return wanted == flags || ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &wanted) == 0 ? 0 : -errno;
}

/* The groups a new subvolume is to be a member of from the start, as the kernel is told them. */
union memberships {
    struct btrfs_qgroup_inherit head;
    char room[sizeof(struct btrfs_qgroup_inherit) + BTRFS_GROUPS_MAX * sizeof(uint64_t)];
};

/* ARGS are for a new subvolume or snapshot in PARENT_FD. */
static void join_groups(int parent_fd, union memberships *groups, struct btrfs_ioctl_vol_args_v2 *args)
{
    uint64_t group[BTRFS_GROUPS_MAX];
    size_t n = btrfs_groups_of(parent_fd, group, BTRFS_GROUPS_MAX);

    if (n == 0)
        return;
    groups->head = (struct btrfs_qgroup_inherit){.num_qgroups = n};
    for (size_t i = 0; i < n; i++)
        groups->head.qgroups[i] = group[i];
    args->flags |= BTRFS_SUBVOL_QGROUP_INHERIT;
    args->size = sizeof groups->head + n * sizeof groups->head.qgroups[0];
    args->qgroup_inherit = &groups->head;
}

int btrfs_subvolume_create(int parent_fd, const char *name)
{
    struct btrfs_ioctl_vol_args_v2 args = {0};
    union memberships groups;
    auto_close int real = reopen(parent_fd);
    if (real < 0)
        return real;

    if (strlen(name) >= sizeof args.name)
        return -ENAMETOOLONG;
    memcpy(args.name, name, strlen(name));
    join_groups(real, &groups, &args);
    return ioctl(real, BTRFS_IOC_SUBVOL_CREATE_V2, &args) < 0 ? -errno : 0;
}

/* Called for each subvolume directly below FD: it is NAME in the directory PATH (relative to FD, "." at least). */
typedef int nested_fn(int fd, const char *path, const char *name, void *context);

static int for_each_nested(int fd, nested_fn *call, void *context)
{
    auto_free struct btrfs_ioctl_get_subvol_rootref_args *refs = mem_alloc(sizeof *refs);
    auto_free struct btrfs_ioctl_ino_lookup_user_args *look = mem_alloc(sizeof *look);
    bool more;

    do {
        more = ioctl(fd, BTRFS_IOC_GET_SUBVOL_ROOTREF, refs) < 0;
        if (more && errno != EOVERFLOW)         /* EOVERFLOW: the answer is full, ask again from min_treeid */
            return -errno;
        for (unsigned i = 0; i < refs->num_items; i++) {
            *look = (struct btrfs_ioctl_ino_lookup_user_args){
                .dirid = refs->rootref[i].dirid,
                .treeid = refs->rootref[i].treeid,
            };
            if (ioctl(fd, BTRFS_IOC_INO_LOOKUP_USER, look) < 0) {
                if (errno == ENOENT)
                    continue;                   /* removed since */
                return -errno;
            }
            int r = call(fd, *look->path ? look->path : ".", look->name, context);
            if (r < 0)
                return r;
        }
    } while (more);
    return 0;
}

/* The tree's owner may put symbolic links in our way, so none is followed. */
static int open_below(int fd, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t) (unsigned) (O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | flags),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    int below = sys_openat2(fd, path, &how, sizeof how);

    return below < 0 ? -errno : below;
}

struct each {
    btrfs_subvolume_fn *call;
    void *context;
};

static int call_nested(int fd, const char *path, const char *name, void *context)
{
    const struct each *each = context;
    auto_close int parent_fd = open_below(fd, path, O_RDONLY);
    auto_close int nested_fd = parent_fd < 0 ? parent_fd : open_below(parent_fd, name, O_RDONLY);

    if (nested_fd < 0)
        return nested_fd == -ENOENT ? 0 : nested_fd;
    int r = each->call(nested_fd, each->context);
    return r < 0 ? r : for_each_nested(nested_fd, call_nested, context);
}

int btrfs_each_nested(int fd, btrfs_subvolume_fn *call, void *context)
{
    struct each each = {call, context};

    return for_each_nested(fd, call_nested, &each);
}

static int remove_nested(int fd, const char *path, const char *name, void *context)
{
    (void) context;
    auto_close int parent_fd = open_below(fd, path, O_RDONLY);

    return parent_fd < 0 ? parent_fd : btrfs_subvolume_remove(parent_fd, name);
}

int btrfs_subvolume_remove(int parent_fd, const char *name)
{
    struct btrfs_ioctl_vol_args args = {0};
    auto_close int fd = open_below(parent_fd, name, O_RDONLY);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (!btrfs_is_subvolume(fd))
        return -EINVAL;

    /* From a read-only subvolume nothing nested can be taken. */
    int r = btrfs_subvolume_set_read_only(fd, false);
    if (r == 0)
        r = for_each_nested(fd, remove_nested, NULL);
    if (r < 0)
        return r;

    auto_close int parent = reopen(parent_fd);
    if (parent < 0)
        return parent;
    if (strlen(name) >= sizeof args.name)
        return -ENAMETOOLONG;
    memcpy(args.name, name, strlen(name));
    const struct btrfs_groups groups = btrfs_groups_ask(fd);
    fd_closep(&fd);
    if (ioctl(parent, BTRFS_IOC_SNAP_DESTROY, &args) < 0)
        return errno == ENOENT ? 0 : -errno;
    btrfs_groups_forget(parent, &groups);
    return 0;
}

static int snapshot_one(int tree_fd, int parent_fd, const char *name)
{
    struct btrfs_ioctl_vol_args_v2 args = {.fd = tree_fd};
    union memberships groups;

    if (strlen(name) >= sizeof args.name)
        return -ENAMETOOLONG;
    memcpy(args.name, name, strlen(name));
    join_groups(parent_fd, &groups, &args);
    return ioctl(parent_fd, BTRFS_IOC_SNAP_CREATE_V2, &args) < 0 ? -errno : 0;
}

static int snapshot_with_nested(int tree_fd, int parent_fd, const char *name);

static int snapshot_nested(int fd, const char *path, const char *name, void *context)
{
    const int *copy_fd = context;
    auto_close int from_dir = open_below(fd, path, O_RDONLY);
    auto_close int from = from_dir < 0 ? from_dir : open_below(from_dir, name, O_RDONLY);
    if (from < 0)
        return from == -ENOENT ? 0 : from;

    auto_close int to_dir = open_below(*copy_fd, path, O_RDONLY);
    struct stat st;
    if (to_dir < 0)
        return to_dir;
    if (fstat(to_dir, &st) < 0 || (unlinkat(to_dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT))
        return -errno;

    int r = snapshot_with_nested(from, to_dir, name);
    /* the exchange left its mark on the directory, which is that of a copy */
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    return r == 0 && futimens(to_dir, times) < 0 ? -errno : r;
}

static int snapshot_with_nested(int tree_fd, int parent_fd, const char *name)
{
    int r = snapshot_one(tree_fd, parent_fd, name);
    if (r < 0)
        return r;

    auto_close int copy_fd = open_below(parent_fd, name, O_RDONLY);
    return copy_fd < 0 ? copy_fd : for_each_nested(tree_fd, snapshot_nested, &copy_fd);
}

int btrfs_snapshot(int tree_fd, int parent_fd, const char *name, struct error **err)
{
    auto_close int from = reopen(tree_fd);
    auto_close int parent = reopen(parent_fd);
    int r = from < 0 ? from : parent < 0 ? parent : snapshot_with_nested(from, parent, name);

    return r < 0 ? fail(err, -r, "cannot take a btrfs snapshot as '%s'", name) : 0;
}
