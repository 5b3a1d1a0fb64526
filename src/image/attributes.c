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

#include "base/mem.h"
#include "base/strings.h"

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

static int copy_one(struct end from, struct end to, const char *name)
{
    char small[256];
    auto_free char *large = NULL;
    char *value = small;

    ssize_t n = end_get(from, name, small, sizeof small);
    if (n == -ERANGE) {
        value = large = mem_alloc(ATTRIBUTE_MAX);
        n = end_get(from, name, large, ATTRIBUTE_MAX);
    }
    if (n < 0)
        return n == -ENODATA ? 0 : (int) n;     /* removed since it was listed */

    int r = end_set(to, name, value, (size_t) n);
    return (r == -EOPNOTSUPP || r == -EPERM) && !must_be_kept(name) ? 0 : r;
}

static int copy_all(struct end from, struct end to)
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
        int r = copy_one(from, to, name);
        if (r < 0)
            return r;
    }
    return 0;
}

int attributes_copy(int from_fd, int to_fd, const struct stat *st, struct created now)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    mode_t mode = st->st_mode & 07777;
    bool same_owner = st->st_uid == now.uid && st->st_gid == now.gid;

    /* chown() drops set-user-id bits and file capabilities, so it comes first. */
    if (!same_owner && fchown(to_fd, st->st_uid, st->st_gid) < 0)
        return -errno;
    if ((mode != (now.mode & 07777) || (!same_owner && (mode & 06000))) && fchmod(to_fd, mode) < 0)
        return -errno;
    int r = copy_all((struct end){.fd = from_fd}, (struct end){.fd = to_fd});
    if (r < 0)
        return r;
    return futimens(to_fd, times) < 0 ? -errno : 0;
}

int attributes_copy_at(int from_dir_fd, int to_dir_fd, const char *name, const struct stat *st, struct created now)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    char from[sizeof "/proc/self/fd/" + 12 + 256], to[sizeof from];

    if ((st->st_uid != now.uid || st->st_gid != now.gid) &&
        fchownat(to_dir_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    /* a link has no mode; of the rest nobody can have put a link in its place, the copy being still private */
    if (!S_ISLNK(st->st_mode) && fchmodat(to_dir_fd, name, st->st_mode & 07777, 0) < 0)
        return -errno;

    if (snprintf(from, sizeof from, "/proc/self/fd/%d/%s", from_dir_fd, name) >= (int) sizeof from ||
        snprintf(to, sizeof to, "/proc/self/fd/%d/%s", to_dir_fd, name) >= (int) sizeof to)
        return -ENAMETOOLONG;
    int r = copy_all((struct end){.fd = -1, .path = from}, (struct end){.fd = -1, .path = to});
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
