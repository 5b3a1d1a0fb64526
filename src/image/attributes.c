/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owner, mode, extended attributes, times. Used by copies of trees and by the upper layer of an overlay. */
#include "image/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/owner_change.h"

/* The kernel's own limits: XATTR_LIST_MAX and XATTR_SIZE_MAX. */
#define ATTRIBUTE_MAX 65536

/* One end of a copy: a descriptor, or (FD is -1) a path whose last component is not followed. */
struct end {
    int fd;
    const char *path;
};

static ssize_t end_list(struct end end, char *list, size_t size)
{
    ssize_t n = end.fd >= 0 ? flistxattr(end.fd, list, size) : llistxattr(end.path, list, size);

    return n < 0 ? -errno : n;
}

static ssize_t end_get(struct end end, const char *name, void *value, size_t size)
{
    ssize_t n = end.fd >= 0 ? fgetxattr(end.fd, name, value, size) : lgetxattr(end.path, name, value, size);

    return n < 0 ? -errno : n;
}

static int end_set(struct end end, const char *name, const void *value, size_t size)
{
    int r = end.fd >= 0 ? fsetxattr(end.fd, name, value, size, 0) : lsetxattr(end.path, name, value, size, 0);

    return r < 0 ? -errno : 0;
}

/* Without these the copy would grant or deny something else than the original. */
static bool must_be_kept(const char *name)
{
    return strcmp(name, "security.capability") == 0 || string_starts(name, "system.posix_acl_");
}

static int copy_one(struct end from, struct end to, const char *name, const struct owner_change *owners)
{
    char small[256 + OWNER_CHANGE_GROWTH];
    auto_free char *large = NULL;
    char *value = small;

    ssize_t n = end_get(from, name, small, sizeof small - OWNER_CHANGE_GROWTH);
    if (n == -ERANGE) {
        value = large = mem_alloc(ATTRIBUTE_MAX + OWNER_CHANGE_GROWTH);
        n = end_get(from, name, large, ATTRIBUTE_MAX);
    }
    if (n < 0)
        return n == -ENODATA ? 0 : (int) n;     /* removed since it was listed */

    size_t size = (size_t) n;
    int r = owner_change_attribute(owners, name, value, &size);
    if (r == 0)
        r = end_set(to, name, value, size);
    return (r == -EOPNOTSUPP || r == -EPERM) && !must_be_kept(name) ? 0 : r;
}

static int copy_all(struct end from, struct end to, const struct owner_change *owners)
{
    char small[512];
    auto_free char *large = NULL;
    char *list = small;

    ssize_t n = end_list(from, small, sizeof small);
    if (n == -ERANGE) {
        list = large = mem_alloc(ATTRIBUTE_MAX);
        n = end_list(from, large, ATTRIBUTE_MAX);
    }
    if (n < 0)
        return n == -EOPNOTSUPP ? 0 : (int) n;
    for (const char *name = list; name < list + n; name += strlen(name) + 1) {
        int r = copy_one(from, to, name, owners);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A program of a user who is somebody else in the copy does not run as that one. */
static mode_t mode_of_copy(const struct stat *st, struct created now)
{
    mode_t mode = st->st_mode & 07777;

    if (owner_change_is_other(now.owners, st->st_uid))
        mode &= ~(mode_t) S_ISUID;
    if (owner_change_is_other(now.owners, st->st_gid) && S_ISREG(st->st_mode))
        mode &= ~(mode_t) S_ISGID;
    return mode;
}

/* Follows no link that somebody else may have put there meanwhile. */
static int chmod_at(int dir_fd, const char *name, mode_t mode)
{
    auto_close int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    char path[32];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    return S_ISLNK(st.st_mode) ? 0 : chmod(path_of_fd(path, fd), mode);
}

int attributes_copy(int from_fd, int to_fd, const struct stat *st, struct created now)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    uid_t uid = owner_change_id(now.owners, st->st_uid);
    gid_t gid = owner_change_id(now.owners, st->st_gid);
    mode_t mode = mode_of_copy(st, now);
    bool same_owner = uid == now.uid && gid == now.gid;

    /* chown() drops set-user-id bits and file capabilities, so it comes first. */
    if (!same_owner && fchown(to_fd, uid, gid) < 0)
        return -errno;
    if ((mode != (now.mode & 07777) || (!same_owner && (mode & 06000))) && fchmod(to_fd, mode) < 0)
        return -errno;
    int r = copy_all((struct end){.fd = from_fd}, (struct end){.fd = to_fd}, now.owners);
    if (r < 0)
        return r;
    return futimens(to_fd, times) < 0 ? -errno : 0;
}

int attributes_copy_at(int from_dir_fd, int to_dir_fd, const char *name, const struct stat *st, struct created now)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    char from[sizeof "/proc/self/fd/" + 12 + 256], to[sizeof from];

    uid_t uid = owner_change_id(now.owners, st->st_uid);
    gid_t gid = owner_change_id(now.owners, st->st_gid);

    if ((uid != now.uid || gid != now.gid) && fchownat(to_dir_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISLNK(st->st_mode) && chmod_at(to_dir_fd, name, mode_of_copy(st, now)) < 0)      /* a link has no mode */
        return -errno;

    if (snprintf(from, sizeof from, "/proc/self/fd/%d/%s", from_dir_fd, name) >= (int) sizeof from ||
        snprintf(to, sizeof to, "/proc/self/fd/%d/%s", to_dir_fd, name) >= (int) sizeof to)
        return -ENAMETOOLONG;
    int r = copy_all((struct end){.fd = -1, .path = from}, (struct end){.fd = -1, .path = to}, now.owners);
    if (r < 0)
        return r;
    return utimensat(to_dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int attributes_remove_acl(int fd)
{
    static const char *const names[] = {"system.posix_acl_access", "system.posix_acl_default"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (fremovexattr(fd, names[i]) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
            return -errno;
    return 0;
}
