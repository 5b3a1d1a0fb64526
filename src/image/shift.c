/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing owners recursively. The walk and all calls go by descriptor and single name, never through a link: the tree
 * may hold anything its owner liked to put there. */
#include "image/shift.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "image/btrfs.h"
#include "image/owner.h"
#include "image/owner_blob.h"
#include "image/walk.h"

#ifndef SYS_listxattrat
#define SYS_listxattrat 465
#endif

#define ATTRIBUTE_MAX 65536

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define CAPABILITY "security.capability"
#define KEPT "trusted.redd.shift"

struct shift {
    uint32_t base;
    int stop_fd;
    bool guard;                 /* the walk may come upon mounts: each file is looked at */
    bool by_path;               /* the kernel has no listxattrat(2) (Linux 6.13) */
    uint64_t changed;
};

/* What chown() takes from a file; the value of KEPT. */
struct kept {
    uint32_t mode;
    uint32_t capability_size;   /* 0: none */
    unsigned char capability[CAPABILITY_BLOB_MAX];
};

enum { HAS_ACL_ACCESS = 1, HAS_ACL_DEFAULT = 2, HAS_CAPABILITY = 4, HAS_KEPT = 8 };

/* A file as the calls that know no descriptor of a directory want it. */
struct path {
    char text[sizeof "/proc/self/fd/" + 12 + 256];
};

static struct path path_at(int dir_fd, const char *name)
{
    struct path path;

    (void) snprintf(path.text, sizeof path.text, "/proc/self/fd/%d/%s", dir_fd, name);
    return path;
}

static ssize_t list_attributes(struct shift *shift, int dir_fd, const char *name, char *list, size_t size)
{
    if (!shift->by_path) {
        long n = syscall(SYS_listxattrat, dir_fd, name, AT_SYMLINK_NOFOLLOW, list, size);

        if (n >= 0 || errno != ENOSYS)
            return n;
        shift->by_path = true;
    }
    struct path path = path_at(dir_fd, name);
    return llistxattr(path.text, list, size);
}

/* Which of the attributes we deal with the file has: a set of HAS_ flags or a negative errno. */
static int attributes_of(struct shift *shift, int dir_fd, const char *name)
{
    /* clang-format off */
    static const struct { const char *name; int flag; } known[] = {
        {ACL_ACCESS, HAS_ACL_ACCESS}, {ACL_DEFAULT, HAS_ACL_DEFAULT}, {CAPABILITY, HAS_CAPABILITY}, {KEPT, HAS_KEPT},
    };
    /* clang-format on */
    char small[256];
    auto_free char *large = NULL;
    char *list = small;
    int found = 0;

    ssize_t n = list_attributes(shift, dir_fd, name, small, sizeof small);
    if (n < 0 && errno == ERANGE) {
        list = large = mem_alloc(ATTRIBUTE_MAX);
        n = list_attributes(shift, dir_fd, name, large, ATTRIBUTE_MAX);
    }
    if (n < 0)
        return errno == EOPNOTSUPP ? 0 : -errno;
    for (const char *at = list; at < list + n; at += strlen(at) + 1)
        for (size_t i = 0; i < COUNT_OF(known); i++)
            if (strcmp(at, known[i].name) == 0)
                found |= known[i].flag;
    return found;
}

static int shift_acl(const struct shift *shift, const char *path, const char *attribute)
{
    auto_free char *blob = mem_alloc(ATTRIBUTE_MAX);
    ssize_t n = lgetxattr(path, attribute, blob, ATTRIBUTE_MAX);
    if (n < 0)
        return errno == ENODATA ? 0 : -errno;

    int r = acl_move(blob, (size_t) n, shift->base);
    return r > 0 && lsetxattr(path, attribute, blob, (size_t) n, 0) < 0 ? -errno : r < 0 ? r : 0;
}

/* Finds out what must be given back after chown(): from KEPT where an earlier run did not come to it, else from the
 * file. */
static int kept_read(const struct shift *shift, const char *path, int attributes, const struct stat *st,
                     struct kept *ret)
{
    struct kept kept = {.mode = st->st_mode & 07777};

    if (attributes & HAS_KEPT) {
        ssize_t n = lgetxattr(path, KEPT, &kept, sizeof kept);

        if (n != sizeof kept || kept.capability_size > sizeof kept.capability || (kept.mode & ~07777u))
            return n < 0 ? -errno : -EINVAL;
    } else if (attributes & HAS_CAPABILITY) {
        ssize_t n = lgetxattr(path, CAPABILITY, kept.capability, sizeof kept.capability);
        if (n < 0)
            return -errno;
        kept.capability_size = (uint32_t) n;
    }
    if (kept.capability_size > 0) {
        size_t size = kept.capability_size;
        int r = capability_move(kept.capability, &size, shift->base);
        if (r < 0)
            return r;
        kept.capability_size = (uint32_t) size;
    }
    *ret = kept;
    return 0;
}

/* chmod() follows links, so the inode is held while it is looked at once more. */
static int restore_mode(int dir_fd, const char *name, const struct kept *kept, const struct stat *st)
{
    struct stat now;
    char path[32];
    auto_close int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &now) < 0)
        return -errno;

    if (now.st_ino != st->st_ino || now.st_dev != st->st_dev)
        return -ESTALE;
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return (now.st_mode & 07777) != kept->mode && chmod(path, kept->mode) < 0 ? -errno : 0;
}

static int change_owner(struct shift *shift, int dir_fd, const char *name, const struct stat *st)
{
    uid_t uid = owner_move(st->st_uid, shift->base);
    gid_t gid = owner_move(st->st_gid, shift->base);

    if (uid == st->st_uid && gid == st->st_gid)
        return 0;
    if (fchownat(dir_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    shift->changed++;
    return 0;
}

/* A file from which chown() takes something. The note of it goes to disk with the file, before; so whenever we are
 * killed, the next run finds either the file untouched or the note. */
static int shift_with_note(struct shift *shift, int dir_fd, const char *name, int attributes, const struct stat *st)
{
    struct path path = path_at(dir_fd, name);
    struct kept kept;
    int r = kept_read(shift, path.text, attributes, st, &kept);
    if (r < 0)
        return r;

    bool noted = attributes & HAS_KEPT;
    if (!noted) {
        if (owner_move(st->st_uid, shift->base) == st->st_uid && owner_move(st->st_gid, shift->base) == st->st_gid)
            return 0;
        noted = lsetxattr(path.text, KEPT, &kept, sizeof kept, 0) == 0;
        if (!noted && errno != EOPNOTSUPP)
            return -errno;
    }
    r = change_owner(shift, dir_fd, name, st);
    if (r == 0)
        r = restore_mode(dir_fd, name, &kept, st);
    if (r == 0 && kept.capability_size > 0 &&
        lsetxattr(path.text, CAPABILITY, kept.capability, kept.capability_size, 0) < 0)
        r = -errno;
    if (r == 0 && noted && lremovexattr(path.text, KEPT) < 0)
        r = -errno;
    return r;
}

static bool is_mount(int dir_fd, const char *name)
{
    struct open_how how = {
        .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH,
    };
    auto_close int fd = sys_openat2(dir_fd, name, &how, sizeof how);

    return fd < 0 && errno == EXDEV;
}

static int shift_entry(struct shift *shift, int dir_fd, const char *name)
{
    struct stat st;
    int r = 0;

    if (shift->guard && is_mount(dir_fd, name))
        return 0;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;

    /* links have neither ACLs nor capabilities, and many trees have many of them */
    int attributes = S_ISLNK(st.st_mode) ? 0 : attributes_of(shift, dir_fd, name);
    if (attributes < 0)
        return attributes == -ENOENT ? 0 : attributes;
    if (attributes & (HAS_ACL_ACCESS | HAS_ACL_DEFAULT)) {
        struct path path = path_at(dir_fd, name);

        if (attributes & HAS_ACL_ACCESS)
            r = shift_acl(shift, path.text, ACL_ACCESS);
        if (r == 0 && (attributes & HAS_ACL_DEFAULT))
            r = shift_acl(shift, path.text, ACL_DEFAULT);
        if (r < 0)
            return r;
    }
    bool loses = !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode) && (st.st_mode & 06000);
    if (loses || (attributes & (HAS_CAPABILITY | HAS_KEPT)))
        return shift_with_note(shift, dir_fd, name, attributes, &st);
    return change_owner(shift, dir_fd, name, &st);
}

static int shift_file(void *context, int dir_fd, const char *name, unsigned char type)
{
    (void) type;
    return shift_entry(context, dir_fd, name);
}

static int shift_directory(void *context, int dir_fd, const char *name, int fd)
{
    struct shift *shift = context;
    struct pollfd stop = {.fd = shift->stop_fd, .events = POLLIN};

    (void) dir_fd;
    (void) name;
    if (stop.fd >= 0 && poll(&stop, 1, 0) > 0)
        return -EINTR;
    return shift_entry(shift, fd, ".");
}

static bool is_immutable(int tree_fd)
{
    unsigned flags = 0;
    auto_close int fd = openat(tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_IMMUTABLE_FL);
}

/* Better now than after half of the tree. */
static int check_writable(int tree_fd, const char *path, struct error **err)
{
    struct statvfs fs;

    if (fstatvfs(tree_fd, &fs) == 0 && (fs.f_flag & ST_RDONLY)) {
        fail_plain(err, EROFS, "cannot change the owners of %s: it lies on a file system that is mounted read-only",
                   path);
        fail_hint(*err, "mount it writable once, or use --private-users-ownership=map, which changes nothing on disk");
    } else if (is_immutable(tree_fd) || btrfs_subvolume_is_read_only(tree_fd)) {
        fail_plain(err, EROFS, "cannot change the owners of %s: it is marked read-only", path);
        fail_hint(*err, "'machinectl read-only %s no' makes it writable; --private-users-ownership=map needs no change",
                  strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    } else
        return 0;
    fail_id(*err, "R2212");
    return -EROFS;
}

static int shift_failed(const char *tree, const char *where, int r, struct error **err)
{
    if (r == -EINTR)
        fail_plain(err, EINTR, "changing the owners of %s was interrupted", tree);
    else
        fail(err, -r, "cannot change the owner of '%s' in %s", where && *where ? where : ".", tree);
    if (r == -EPERM)
        fail_hint(*err, "it may be immutable or append-only: see lsattr(1), and chattr(1) to change that");
    else
        fail_hint(*err, "what was done so far is kept; the next start with the same options goes on from here");
    fail_id(*err, "R2211");
    return r;
}

/* A user's range is the only one that he can use his tree in. */
static int check_ranges(int tree_fd, const char *path, const struct stat *st, uint32_t base, struct error **err)
{
    if ((st->st_uid & 0xFFFF) != 0 && st->st_uid != base && owner_is_user(tree_fd)) {
        fail_plain(err, EINVAL, "cannot change the owners of %s: it belongs to a plain user's range of ids, from %u",
                   path, st->st_uid);
        fail_hint(*err, "--private-users=%u --private-users-ownership=off takes it as it is", st->st_uid);
    } else if (base & 0xFFFF)
        fail_plain(err, EINVAL,
                   "Automatic UID/GID adjusting is only supported for UID/GID ranges starting at multiples of 2^16 "
                   "with a range of 2^16.");
    else
        return 0;
    fail_id(*err, "R2213");
    return -EINVAL;
}

/* COMPLETE: whatever the top says. */
static int shift_tree(int tree_fd, const char *path, uint32_t base, bool complete, int stop_fd, uint64_t *ret_changed,
                      struct error **err)
{
    static const struct walk_calls calls = {.file = shift_file, .enter = shift_directory};
    struct shift shift = {.base = base, .stop_fd = stop_fd};
    auto_free char *where = NULL;
    struct stat st;

    if (fstat(tree_fd, &st) < 0)
        return fail(err, errno, "cannot look at %s", path);
    *ret_changed = 0;
    if (base != 0 && st.st_uid == base && st.st_gid == base && !complete)
        return 0;
    if (check_ranges(tree_fd, path, &st, base, err) < 0)
        return -EINVAL;
    if (!complete && owner_move(st.st_uid, base) == st.st_uid && owner_move(st.st_gid, base) == st.st_gid)
        return 0;
    if (check_writable(tree_fd, path, err) < 0)
        return -EROFS;

    /* A clone of the mount without those below it, so that none can be met; not everybody may make one. */
    auto_close int clone_fd = sys_open_tree(tree_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    shift.guard = clone_fd < 0;
    int fd = clone_fd < 0 ? tree_fd : clone_fd;

    int r = walk_tree(fd, &calls, &shift, &where);
    if (r == 0) {
        shift.guard = false;    /* the top itself is a mount more often than not */
        r = shift_entry(&shift, fd, ".");
    }
    *ret_changed = shift.changed;
    return r < 0 ? shift_failed(path, where, r, err) : 0;
}

int tree_shift(int tree_fd, const char *path, uint32_t base, int stop_fd, uint64_t *ret_changed, struct error **err)
{
    return shift_tree(tree_fd, path, base, false, stop_fd, ret_changed, err);
}

int tree_shift_completely(int tree_fd, const char *path, uint32_t base, int stop_fd, uint64_t *ret_changed,
                          struct error **err)
{
    return shift_tree(tree_fd, path, base, true, stop_fd, ret_changed, err);
}
