/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_tree: throw-away folder trees for unit tests, gone when the program ends, however a test ends.
 * As root everything lies on a tmpfs in a mount namespace of the test's own, so that tests may mount as they like.
 * Include it after base/test.h.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

static char test_top[64];       /* what atexit() has to remove */
static bool test_may_mount;

static void test_top_remove(void)
{
    if (test_may_mount)
        (void) umount2(test_top, MNT_DETACH);
    (void) tree_remove_at(AT_FDCWD, test_top);
}

static void test_top_make(void)
{
    if (*test_top)
        return;
    (void) umask(022);
    (void) snprintf(test_top, sizeof test_top, "/tmp/redd-test-XXXXXX");
    if (!mkdtemp(test_top))
        fail_msg("cannot make %s", test_top);
    test_may_mount = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                     mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0 &&
                     mount("tmpfs", test_top, "tmpfs", 0, "mode=0755") == 0;
    (void) atexit(test_top_remove);
}

/* A new empty folder; its O_PATH descriptor. Kept open until the program ends. */
__attribute__((unused)) static int test_tree(void)
{
    static int count;
    char path[96];

    test_top_make();
    (void) snprintf(path, sizeof path, "%s/%d", test_top, count++);
    if (mkdir(path, 0755) < 0)
        fail_msg("cannot make %s", path);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The path of a tree, for programs. Valid until the next call. */
__attribute__((unused)) static const char *test_path(int tree_fd)
{
    static char path[128];
    char link[32];
    ssize_t n = readlink(path_of_fd(link, tree_fd), path, sizeof path - 1);

    assert_true(n > 0);
    path[n] = '\0';
    return path;
}

__attribute__((unused)) static void test_folder(int tree_fd, const char *path)
{
    int fd = path_make_dir_in(tree_fd, path, 0, 0);

    if (fd < 0)
        fail_msg("cannot make %s: %s", path, strerror(-fd));
    (void) close(fd);
}

/* Writes a file with its parents. */
__attribute__((unused)) static void test_write(int tree_fd, const char *path, const char *text)
{
    const char *name;
    auto_close int parent = path_open_parent_in(tree_fd, path, true, 0, 0, &name);
    auto_close int fd = openat(parent, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || fd_write_full(fd, text, strlen(text)) < 0)
        fail_msg("cannot write %s", path);
}

__attribute__((unused)) static void test_link(int tree_fd, const char *path, const char *target)
{
    const char *name;
    auto_close int parent = path_open_parent_in(tree_fd, path, true, 0, 0, &name);

    if (symlinkat(target, parent, name) < 0)
        fail_msg("cannot make the link %s", path);
}

/* What is in the file, links followed inside the tree; NULL when it cannot be read. Kept until the program ends. */
__attribute__((unused)) static char *test_read(int tree_fd, const char *path)
{
    static char *kept[64];
    static size_t next;
    auto_close int fd = path_open_in(tree_fd, path, O_RDONLY | O_NONBLOCK, 0);
    char **slot = &kept[next++ % COUNT_OF(kept)];

    free(*slot);
    *slot = NULL;
    if (fd < 0)
        return NULL;
    *slot = mem_alloc(65536);
    return fd_read_full(fd, *slot, 65535) < 0 ? NULL : *slot;
}

/* The file type and mode of what is at PATH itself; 0 when nothing is. */
__attribute__((unused)) static mode_t test_mode(int tree_fd, const char *path)
{
    struct stat st;
    auto_close int fd = path_open_in(tree_fd, path, O_PATH | O_NOFOLLOW, 0);

    return fd >= 0 && fstat(fd, &st) == 0 ? st.st_mode : 0;
}

/* Where the link at PATH leads; "" when it is none. */
__attribute__((unused)) static const char *test_target(int tree_fd, const char *path)
{
    static char target[256];
    const char *name;
    auto_close int parent = path_open_parent_in(tree_fd, path, false, 0, 0, &name);
    ssize_t n = parent >= 0 ? readlinkat(parent, name, target, sizeof target - 1) : -1;

    target[n > 0 ? n : 0] = '\0';
    return target;
}

#define NEEDS_MOUNTS() \
    do { \
        test_top_make(); \
        if (!test_may_mount) \
            SKIP_TEST("needs root (mounts in a namespace of its own)"); \
    } while (0)

/* As NEEDS_MOUNTS(), for tests that give files to other users, or become one. */
#define NEEDS_IDS() \
    do { \
        NEEDS_MOUNTS(); \
        if (chown(test_top, 560514, 560514) < 0) \
            SKIP_TEST("needs root that is not root of a user namespace only"); \
        assert_int_equal(chown(test_top, 0, 0), 0); \
    } while (0)
