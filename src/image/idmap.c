/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User namespaces that only carry a map, and the mounts they are put on. */
#include "image/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"

/* The kernel's limit of lines in a map. */
#define MAPS_MAX 340

#define STACK_SIZE 8192

/* Runs in the new namespace, on a stack of its own but in our memory: it must do nothing but wait for the end. */
__attribute__((no_sanitize("address", "undefined"))) static int wait_to_be_killed(void *parent)
{
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != *(const pid_t *) parent)
        return 0;       /* the parent died before the line above */
    for (;;)
        (void) pause();
}

static char *map_text(const struct id_map *maps, size_t n)
{
    char *text = mem_alloc(n * 36 + 1);
    size_t used = 0;

    for (size_t i = 0; i < n; i++)
        used += (size_t) snprintf(text + used, 37, "%u %u %u\n", maps[i].inside, maps[i].outside, maps[i].count);
    return text;
}

static int write_map(pid_t pid, const char *which, const struct id_map *maps, size_t n, struct error **err)
{
    auto_free char *text = map_text(maps, n);
    char path[48];

    (void) snprintf(path, sizeof path, "/proc/%d/%s", (int) pid, which);
    int r = file_write_existing(AT_FDCWD, path, text);
    if (r == 0)
        return 0;
    if (r == -EPERM) {
        fail(err, EPERM, "the kernel does not let us map ids");
        fail_hint(*err, "mapping ids of others needs root in a namespace that has them; see /proc/self/uid_map");
    } else if (r == -EINVAL)
        fail(err, EINVAL, "the id map starting with %u:%u:%u overlaps itself or names ids that do not exist here",
             maps[0].inside, maps[0].outside, maps[0].count);
    else
        fail(err, -r, "cannot write the id map of a new user namespace");
    fail_id(*err, "R2203");
    return r;
}

int idmap_userns_open(const struct id_map *maps, size_t n, int *ret_fd, struct error **err)
{
    return idmap_userns_open_apart(maps, n, maps, n, ret_fd, err);
}

int idmap_userns_open_apart(const struct id_map *users, size_t n_users, const struct id_map *groups, size_t n_groups,
                            int *ret_fd, struct error **err)
{
    auto_free char *stack = mem_alloc(STACK_SIZE);
    char path[48];
    pid_t self = getpid();

    if (n_users == 0 || n_users > MAPS_MAX || n_groups == 0 || n_groups > MAPS_MAX)
        return fail_plain(err, EINVAL, "an id map has between 1 and %d lines, not %zu", MAPS_MAX,
                          n_users == 0 || n_users > MAPS_MAX ? n_users : n_groups);

    /* No exit signal: our SIGCHLD handling must not see a child it does not know. */
    pid_t pid = clone(wait_to_be_killed, stack + STACK_SIZE - 16, CLONE_NEWUSER | CLONE_VM | CLONE_FILES, &self);
    if (pid < 0) {
        int r = fail(err, errno, "cannot make a user namespace for an id map");

        if (r == -ENOSPC || r == -EPERM || r == -EINVAL)
            fail_hint(*err, "user namespaces may be off or used up: see /proc/sys/user/max_user_namespaces");
        fail_id(*err, "R2202");
        return r;
    }

    int fd = -1, r = write_map(pid, "uid_map", users, n_users, err);
    if (r == 0)
        r = write_map(pid, "gid_map", groups, n_groups, err);
    if (r == 0) {
        (void) snprintf(path, sizeof path, "/proc/%d/ns/user", (int) pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            r = fail(err, errno, "cannot open %s", path);
    }
    (void) kill(pid, SIGKILL);
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
        ;
    if (r == 0)
        *ret_fd = fd;
    return r;
}

const char *file_system_name(int fd, char buffer[32])
{
    /* clang-format off */
    static const struct { uint32_t magic; const char *name; } names[] = {
        {OVERLAYFS_SUPER_MAGIC, "overlay"}, {NFS_SUPER_MAGIC, "nfs"},        {FUSE_SUPER_MAGIC, "fuse"},
        {EXT4_SUPER_MAGIC, "ext4"},         {XFS_SUPER_MAGIC, "xfs"},        {BTRFS_SUPER_MAGIC, "btrfs"},
        {TMPFS_MAGIC, "tmpfs"},             {SQUASHFS_MAGIC, "squashfs"},    {EROFS_SUPER_MAGIC_V1, "erofs"},
        {RAMFS_MAGIC, "ramfs"},             {MSDOS_SUPER_MAGIC, "vfat"},     {EXFAT_SUPER_MAGIC, "exfat"},
        {F2FS_SUPER_MAGIC, "f2fs"},         {V9FS_MAGIC, "9p"},              {CEPH_SUPER_MAGIC, "ceph"},
        {SMB2_SUPER_MAGIC, "cifs"},         {CIFS_SUPER_MAGIC, "cifs"},      {ISOFS_SUPER_MAGIC, "iso9660"},
        {ECRYPTFS_SUPER_MAGIC, "ecryptfs"}, {0x2fc12fc1, "zfs"},             {0xca451a4e, "bcachefs"},
        {PROC_SUPER_MAGIC, "proc"},         {SYSFS_MAGIC, "sysfs"},          {0x786f4256, "vboxsf"},
    };
    /* clang-format on */
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return "unknown";
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if ((uint32_t) fs.f_type == names[i].magic)
            return names[i].name;
    (void) snprintf(buffer, 32, "unknown (0x%x)", (unsigned) fs.f_type);
    return buffer;
}

int idmap_tree(int mount_fd, int userns_fd, bool recursive, struct error **err)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) (unsigned) userns_fd};
    char buffer[32];

    if (sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr) == 0)
        return 0;

    int code = errno;
    const char *name = file_system_name(mount_fd, buffer);
    if (code == EINVAL) {
        fail_plain(err, EINVAL, "owners of a file system of type %s%s cannot be mapped by this kernel", name,
                   recursive ? " (or of one mounted below it)" : "");
        fail_hint(*err, "what lies on ext4, XFS, btrfs or a tmpfs can be mapped; the owners of a tree can be changed "
                        "on disk instead, with --private-users-ownership=chown");
    } else if (code == EPERM) {
        fail(err, EPERM, "the kernel refuses to map the owners of a file system of type %s", name);
        fail_hint(*err, "it is mapped already, or was mounted by a user namespace that is not ours");
    } else if (code == ENOSYS) {
        fail_plain(err, ENOSYS, "this kernel cannot map owners of mounts");
        fail_hint(*err, "Linux 5.12 or newer can; --private-users-ownership=chown works with any");
    } else
        fail(err, code, "cannot map the owners of a file system of type %s", name);
    fail_id(*err, "R2201");
    return -code;
}

bool idmap_mount_is_supported(int mount_fd)
{
    static const struct id_map probe = {.inside = 0, .outside = 1, .count = 1};
    auto_error struct error *ignored = NULL;
    auto_close int userns_fd = -1;

    return idmap_userns_open(&probe, 1, &userns_fd, &ignored) == 0 &&
           idmap_tree(mount_fd, userns_fd, false, &ignored) == 0;
}

bool idmap_is_supported(int dir_fd)
{
    auto_close int mount_fd = sys_open_tree(dir_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    return mount_fd >= 0 && idmap_mount_is_supported(mount_fd);
}
