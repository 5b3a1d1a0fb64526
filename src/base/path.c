/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Path names as text, and opening inside a hostile tree. */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"

bool path_is_absolute(const char *path)
{
    return path[0] == '/';
}

/* Calls nothing: walks the components. A component is [start, end). */
static bool next_component(const char **at, const char **start, size_t *length)
{
    const char *p = *at;

    while (*p == '/')
        p++;
    if (!*p)
        return false;
    *start = p;
    while (*p && *p != '/')
        p++;
    *length = (size_t) (p - *start);
    *at = p;
    return true;
}

static bool is_dots(const char *start, size_t length)
{
    return (length == 1 && start[0] == '.') || (length == 2 && start[0] == '.' && start[1] == '.');
}

bool path_has_dotdot(const char *path)
{
    const char *at = path, *start;
    size_t length;

    while (next_component(&at, &start, &length))
        if (length == 2 && is_dots(start, length))
            return true;
    return false;
}

int path_make_absolute(const char *path, char **ret, struct error **err)
{
    auto_free char *full = NULL;

    if (*path == '/')
        full = mem_copy_string(path);
    else {
        auto_free char *here = getcwd(NULL, 0);

        if (!here)
            return fail(err, errno, "cannot find the working directory that '%s' is relative to", path);
        full = mem_format("%s/%s", here, path);
    }

    char *out = full;
    const char *at = full, *start;
    size_t length;

    /* the result is never longer, so it can be built in place */
    while (next_component(&at, &start, &length)) {
        if (length == 1 && *start == '.')
            continue;
        *out++ = '/';
        memmove(out, start, length);
        out += length;
    }
    if (out == full)
        *out++ = '/';
    *out = '\0';
    *ret = TAKE(full);
    return 0;
}

const char *path_last(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return mem_copy_string(".");
    return slash == path ? mem_copy_string("/") : mem_copy_bytes(path, (size_t) (slash - path));
}

char *path_join(const char *parent, const char *child)
{
    size_t n = strlen(parent);

    while (*child == '/')
        child++;
    return mem_format("%s%s%s", parent, n > 0 && parent[n - 1] == '/' ? "" : "/", child);
}

bool path_is_below(const char *path, const char *prefix)
{
    const char *a = path, *b = prefix, *sa, *sb;
    size_t la, lb;

    while (next_component(&b, &sb, &lb))
        if (!next_component(&a, &sa, &la) || la != lb || memcmp(sa, sb, la) != 0)
            return false;
    return true;
}

int path_compare(const char *a, const char *b)
{
    const char *sa, *sb;
    size_t la, lb;

    for (;;) {
        bool more_a = next_component(&a, &sa, &la), more_b = next_component(&b, &sb, &lb);

        if (!more_a || !more_b)
            return (int) more_a - (int) more_b;

        int r = memcmp(sa, sb, la < lb ? la : lb);
        if (r == 0)
            r = (la > lb) - (la < lb);
        if (r != 0)
            return r;
    }
}

int path_open_in(int root_fd, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t) (unsigned) (flags | O_CLOEXEC),
        .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };

    /* EAGAIN: a rename elsewhere raced with "..", says openat2(2); it may be tried again */
    for (int tries = 0; tries < 32; tries++) {
        int fd = sys_openat2(root_fd, path, &how, sizeof how);

        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            return fd >= 0 ? fd : -errno;
    }
    return -EAGAIN;
}

static int open_regular(int root_fd, const char *path, off_t *ret_size)
{
    auto_close int fd = path_open_in(root_fd, path, O_PATH, 0);
    char name[32];
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    *ret_size = st.st_size;

    int opened = file_open(path_of_fd(name, fd), O_RDONLY | O_NOCTTY | O_NONBLOCK);
    return opened < 0 ? -errno : opened;
}

int path_open_file_in(int root_fd, const char *path)
{
    off_t ignored;

    return open_regular(root_fd, path, &ignored);
}

int path_read_file_in(int root_fd, const char *path, size_t limit, char **ret)
{
    off_t size;
    auto_close int fd = open_regular(root_fd, path, &size);
    if (fd < 0)
        return fd;

    /* what is as long as its size says needs no second look for more */
    size_t first = size > 0 && (size_t) size < limit ? (size_t) size : limit;
    auto_free char *text = mem_alloc(first + 1);
    ssize_t n = read(fd, text, first);
    if (n < 0)
        return -errno;
    if ((size_t) n < first) {
        ssize_t more = fd_read_full(fd, text + n, first - (size_t) n);

        if (more < 0)
            return (int) more;
        n += more;
    }
    text[n] = '\0';
    *ret = TAKE(text);
    return 0;
}

static int make_dir_in(int root_fd, const char *path, uid_t uid, gid_t gid, unsigned depth);

/* Makes or finds the folder NAME of PARENT, whose whole path from the root is WALKED. */
static int make_component(int root_fd, int parent, const char *walked, const char *name, uid_t uid, gid_t gid,
                          unsigned depth)
{
    char link[PATH_MAX];
    int fd = path_open_in(root_fd, walked, O_PATH | O_DIRECTORY, 0);

    if (fd != -ENOENT)
        return fd;
    if (mkdirat(parent, name, 0755) == 0) {
        fd = path_open_in(root_fd, walked, O_PATH | O_DIRECTORY, 0);
        if (fd >= 0 && (uid != 0 || gid != 0) && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0) {
            int r = -errno;

            (void) close(fd);
            return r;
        }
        return fd;
    }
    if (errno != EEXIST)
        return -errno;

    /* a link to nowhere: what it names is made, inside the tree as ever */
    ssize_t n = readlinkat(parent, name, link, sizeof link - 1);
    if (n < 0)
        return errno == EINVAL ? path_open_in(root_fd, walked, O_PATH | O_DIRECTORY, 0) : -errno;
    link[n] = '\0';

    auto_free char *above = path_parent(walked);
    auto_free char *target = *link == '/' ? mem_copy_string(link) : path_join(above, link);
    return depth == 0 ? -ELOOP : make_dir_in(root_fd, target, uid, gid, depth - 1);
}

static int make_dir_in(int root_fd, const char *path, uid_t uid, gid_t gid, unsigned depth)
{
    auto_free char *walked = mem_copy_string(path);
    const char *at = walked, *start;
    size_t length;

    int whole = path_open_in(root_fd, path, O_PATH | O_DIRECTORY, 0);
    if (whole != -ENOENT)
        return whole;

    /* Each prefix is resolved anew from the root: a symbolic link on the way may lead anywhere inside the tree. */
    auto_close int parent = path_open_in(root_fd, "/", O_PATH | O_DIRECTORY, 0);
    while (parent >= 0 && next_component(&at, &start, &length)) {
        char *end = walked + (at - walked), kept = *end;

        *end = '\0';
        int next = make_component(root_fd, parent, walked, start, uid, gid, depth);
        *end = kept;
        (void) close(parent);
        parent = next;
    }
    return take_fd(&parent);
}

int path_make_dir_in(int root_fd, const char *path, uid_t uid, gid_t gid)
{
    enum { LINKS_MAX = 40 };    /* as the kernel's own limit */

    return make_dir_in(root_fd, path, uid, gid, LINKS_MAX);
}

int path_open_parent_in(int root_fd, const char *path, bool make, uid_t uid, gid_t gid, const char **ret_name)
{
    auto_free char *parent = path_parent(path);
    const char *name = path_last(path);

    if (!*name || is_dots(name, strlen(name)))
        return -EINVAL;

    int fd =
        make ? path_make_dir_in(root_fd, parent, uid, gid) : path_open_in(root_fd, parent, O_PATH | O_DIRECTORY, 0);
    if (fd >= 0)
        *ret_name = name;
    return fd;
}

const char *path_of_fd(char *buffer, int fd)
{
    (void) snprintf(buffer, 32, "/proc/self/fd/%d", fd);
    return buffer;
}

#define SELF "/proc/self/exe"

static const char *read_self(char buffer[PATH_MAX])
{
    ssize_t n = readlink(SELF, buffer, PATH_MAX - 1);

    buffer[n < 0 ? 0 : n] = '\0';
    return buffer;
}

char *path_of_self(void)
{
    char buffer[PATH_MAX];
    const char *self = read_self(buffer);

    return mem_copy_string(access(self, X_OK) == 0 ? self : SELF);
}

char *path_of_own_program(const char *name)
{
    char buffer[PATH_MAX];
    /* one that was replaced is called "… (deleted)", but its folder is the same */
    auto_free char *folder = path_parent(read_self(buffer)), *beside = path_join(folder, name);

    return access(beside, X_OK) == 0 ? TAKE(beside) : path_join(REDD_LIBEXEC_DIR, name);
}
