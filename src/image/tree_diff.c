/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two trees, folder by folder: the sorted names of both are merged. Depth is bounded by what paths may be long. */
#include "image/tree_diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/strings.h"

struct diff {
    tree_diff_fn *tell;
    void *context;
    char path[PATH_MAX];
    size_t length;
};

/* FD -1: no names. */
static int read_names(int fd, struct strings *ret)
{
    int own = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own < 0 ? NULL : fdopendir(own);

    if (!dir)
        return fd < 0 ? 0 : -errno;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            strings_add(ret, entry->d_name);
    (void) closedir(dir);
    strings_sort(ret);
    return 0;
}

static bool same_content(int then_fd, int now_fd, const char *name)
{
    static const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    auto_close int then = openat(then_fd, name, flags), now = openat(now_fd, name, flags);
    enum { SIZE = 65536 };
    auto_free char *a = mem_alloc(SIZE), *b = mem_alloc(SIZE);

    if (then < 0 || now < 0)
        return false;
    for (;;) {
        ssize_t n = fd_read_full(then, a, SIZE), m = fd_read_full(now, b, SIZE);

        if (n < 0 || n != m || memcmp(a, b, (size_t) n) != 0)
            return false;
        if (n < SIZE)
            return true;
    }
}

static bool same_target(int then_fd, int now_fd, const char *name)
{
    char a[PATH_MAX], b[PATH_MAX];
    ssize_t n = readlinkat(then_fd, name, a, sizeof a), m = readlinkat(now_fd, name, b, sizeof b);

    return n >= 0 && n == m && memcmp(a, b, (size_t) n) == 0;
}

static bool is_same(int then_fd, int now_fd, const char *name, const struct stat *then, const struct stat *now)
{
    if (then->st_mode != now->st_mode || then->st_uid != now->st_uid || then->st_gid != now->st_gid)
        return false;
    if (S_ISDIR(now->st_mode))
        return true;
    if (S_ISLNK(now->st_mode))
        return same_target(then_fd, now_fd, name);
    if (!S_ISREG(now->st_mode))
        return then->st_rdev == now->st_rdev;
    if (then->st_size != now->st_size)
        return false;
    return (then->st_mtim.tv_sec == now->st_mtim.tv_sec && then->st_mtim.tv_nsec == now->st_mtim.tv_nsec) ||
           same_content(then_fd, now_fd, name);
}

static int open_below(int fd, const char *name)
{
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
    };
    int below = sys_openat2(fd, name, &how, sizeof how);

    return below < 0 ? -errno : below;
}

static int compare_folders(struct diff *diff, int then_fd, int now_fd);

static int compare_entry(struct diff *diff, int then_fd, int now_fd, const char *name)
{
    struct stat then, now;
    bool was = fstatat(then_fd, name, &then, AT_SYMLINK_NOFOLLOW) == 0;
    bool is = fstatat(now_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0;

    if (!was && !is)
        return 0;
    if (!was || !is || !is_same(then_fd, now_fd, name, &then, &now))
        diff->tell(diff->context, !was ? 'A' : !is ? 'D' : 'C', diff->path);
    if (!was || !is || !S_ISDIR(then.st_mode) || !S_ISDIR(now.st_mode))
        return 0;

    auto_close int then_below = open_below(then_fd, name), now_below = open_below(now_fd, name);
    /* something is mounted on one of them, or it is gone */
    if (then_below < 0 || now_below < 0)
        return then_below == -EMFILE || now_below == -EMFILE ? -EMFILE : 0;
    return compare_folders(diff, then_below, now_below);
}

static int compare_folders(struct diff *diff, int then_fd, int now_fd)
{
    CLEANUP(strings_done) struct strings then = {0}, now = {0};
    size_t length = diff->length;

    int r = read_names(then_fd, &then);
    if (r == 0)
        r = read_names(now_fd, &now);
    for (size_t i = 0, j = 0; r == 0 && (i < then.count || j < now.count);) {
        int order = i == then.count ? 1 : j == now.count ? -1 : strcmp(then.item[i], now.item[j]);
        const char *name = order <= 0 ? then.item[i] : now.item[j];
        size_t added = strlen(name);

        i += order <= 0;
        j += order >= 0;
        if (length + added + 2 > sizeof diff->path)
            return -ENAMETOOLONG;
        if (length > 0)
            diff->path[diff->length++] = '/';
        memcpy(diff->path + diff->length, name, added + 1);
        diff->length += added;
        r = compare_entry(diff, then_fd, now_fd, name);
        if (r == 0) {
            diff->length = length;
            diff->path[length] = '\0';
        }
    }
    return r;
}

int tree_diff(int then_fd, int now_fd, tree_diff_fn *tell, void *context, struct error **err)
{
    auto_free struct diff *diff = mem_alloc(sizeof *diff);

    diff->tell = tell;
    diff->context = context;
    int r = compare_folders(diff, then_fd, now_fd);
    return r < 0 ? fail(err, -r, "cannot compare '/%s'", diff->path) : 0;
}
