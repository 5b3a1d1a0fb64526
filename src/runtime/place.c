/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the host put into a tree whose owner may be an enemy. Called by resolv_conf.c and timezone.c. */
#include "runtime/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"

enum { SAFE_OPEN = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY };

/* What is at PATH, itself: 0 and *ret_type, or a negative errno. */
static int look(int root_fd, const char *path, mode_t *ret_type)
{
    struct stat st;
    auto_close int fd = path_open_in(root_fd, path, O_PATH | O_NOFOLLOW, 0);

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    *ret_type = st.st_mode & S_IFMT;
    return 0;
}

static void set_time(int fd, const struct timespec *modified)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, *modified};

    (void) futimens(fd, times);
}

static bool holds(int fd, const char *text, size_t size)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t) st.st_size != size)
        return false;

    auto_free char *there = mem_alloc(size + 1);
    return fd_read_full(fd, there, size) == (ssize_t) size && memcmp(there, text, size) == 0;
}

static int create(int root_fd, const char *path)
{
    const char *name;
    auto_close int parent = path_open_parent_in(root_fd, path, true, 0, 0, &name);
    if (parent < 0)
        return parent;

    auto_close int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | SAFE_OPEN, 0644);
    if (fd < 0)
        return -errno;
    return fchmod(fd, 0644) < 0 ? -errno : take_fd(&fd);
}

int place_copy(int root_fd, const char *path, const char *text, size_t size, const struct timespec *modified)
{
    mode_t type = S_IFREG;
    struct stat st;

    /* Looked at before it is opened: opening a device may do something. */
    int r = look(root_fd, path, &type);
    if (r < 0 && r != -ENOENT)
        return r;
    if (type != S_IFREG)
        return type == S_IFLNK ? -ELOOP : type == S_IFDIR ? -EISDIR : -EEXIST;

    auto_close int fd = r == -ENOENT ? create(root_fd, path) : path_open_in(root_fd, path, O_RDWR | SAFE_OPEN, 0);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EEXIST;
    if (r == 0 && holds(fd, text, size))
        return 0;

    /* written over and then cut, so that no reader finds it empty */
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    r = fd_write_full(fd, text, size);
    if (r < 0)
        return r;
    if (ftruncate(fd, (off_t) size) < 0)
        return -errno;
    set_time(fd, modified);
    return 0;
}

int place_replace(int root_fd, const char *path, const char *text, size_t size, const struct timespec *modified)
{
    auto_error struct error *ignored = NULL;
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, *modified};
    struct stat st;
    const char *name;
    auto_close int parent = path_open_parent_in(root_fd, path, true, 0, 0, &name);

    if (parent < 0)
        return parent;

    /* The usual case: an earlier start has put it there. Looked at before it is opened, as above. */
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && (uint64_t) st.st_size == size) {
        auto_close int there = openat(parent, name, O_RDONLY | O_CLOEXEC | SAFE_OPEN);

        if (there >= 0 && holds(there, text, size))
            return 0;
    }

    int r = file_replace_at(parent, name, text, size, 0644, &ignored);
    if (r < 0)
        return r;
    (void) utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW);
    return 0;
}

static bool is_link_to(int parent_fd, const char *name, const char *target)
{
    char there[PATH_MAX];
    ssize_t n = readlinkat(parent_fd, name, there, sizeof there);

    return n == (ssize_t) strlen(target) && memcmp(there, target, (size_t) n) == 0;
}

bool place_is_link(int root_fd, const char *path, const char *target)
{
    const char *name;
    auto_close int parent = path_open_parent_in(root_fd, path, false, 0, 0, &name);

    return parent >= 0 && is_link_to(parent, name, target);
}

int place_link(int root_fd, const char *path, const char *target)
{
    const char *name;
    auto_close int parent = path_open_parent_in(root_fd, path, true, 0, 0, &name);

    if (parent < 0)
        return parent;
    if (symlinkat(target, parent, name) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;

    if (is_link_to(parent, name, target))
        return 0;

    auto_free char *fresh = mem_format("%s.new~", name);
    (void) unlinkat(parent, fresh, 0);
    if (symlinkat(target, parent, fresh) < 0)
        return -errno;
    if (renameat(parent, fresh, parent, name) < 0) {
        int r = -errno;

        (void) unlinkat(parent, fresh, 0);
        return r;
    }
    return 0;
}

int place_delete(int root_fd, const char *path)
{
    const char *name;
    auto_close int parent = path_open_parent_in(root_fd, path, false, 0, 0, &name);

    if (parent < 0)
        return parent == -ENOENT ? 0 : parent;
    return unlinkat(parent, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
}

/* The open place to mount on; made where missing. A link to nowhere gets the file it names. */
static int open_target(int root_fd, const char *path, bool follow)
{
    int flags = O_PATH | (follow ? 0 : O_NOFOLLOW);
    int fd = path_open_in(root_fd, path, flags, 0);
    mode_t type;

    if (fd != -ENOENT)
        return fd;

    bool dangling = look(root_fd, path, &type) == 0;
    int made = dangling ? path_open_in(root_fd, path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0644)
                        : create(root_fd, path);
    if (made < 0)
        return made;
    (void) close(made);
    return path_open_in(root_fd, path, flags, 0);
}

int place_bind(int root_fd, const char *path, bool follow, int mount_fd, struct error **err)
{
    struct stat st;
    auto_close int target = open_target(root_fd, path, follow);

    /* the folder that a link to nowhere leads to is missing too: cover the link */
    if (follow && target == -ENOENT)
        target = open_target(root_fd, path, false);
    if (target < 0)
        return fail(err, -target, "cannot make a place to bind it on");
    if (fstat(target, &st) == 0 && S_ISDIR(st.st_mode))
        return fail_plain(err, EISDIR, "%s is a folder there", path);
    return mount_attach(mount_fd, target, path, err);
}
