/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_fs: file systems of several kinds for tests that change owners, clone or mount. Include it after base/test.h.
 *
 * They live in a private mount namespace of the test program and in one folder, both gone when it ends, whichever way.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

/* The folder of this program, made with the first call. The one global: cmocka's tests share nothing else. */
static char test_top[sizeof "/tmp/redd-image-XXXXXX"];

static inline void test_top_remove(void)
{
    (void) chdir("/");
    (void) umount2(test_top, MNT_DETACH);
    (void) tree_remove_at(AT_FDCWD, test_top);
}

static inline const char *test_folder(void)
{
    if (!*test_top) {
        strcpy(test_top, "/tmp/redd-image-XXXXXX");
        /* readable, since tests look at it as other users too */
        if (!mkdtemp(test_top) || chmod(test_top, 0755) < 0)
            fail_msg("mkdtemp: %s", strerror(errno));
        (void) atexit(test_top_remove);
        /* a mount of its own, so that all that tests mount below it goes with it */
        if (geteuid() == 0 && (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                               mount(test_top, test_top, NULL, MS_BIND, NULL) < 0))
            fail_msg("unshare: %s", strerror(errno));
    }
    return test_top;
}

#define NEED_ROOT() \
    do { \
        if (geteuid() != 0) \
            SKIP_TEST("not root"); \
    } while (0)

static inline int test_run(const char *command)
{
    int status = system(command);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs a shell command that must succeed. */
#define RUN_OK(...) \
    do { \
        auto_free char *command_ = mem_format(__VA_ARGS__); \
        if (test_run(command_) != 0) \
            fail_msg("failed: %s", command_); \
    } while (0)

/* A file system of TYPE mounted on a folder, "DIR" below test_folder(). NULL: the tools for it are missing. */
static inline const char *test_mount(const char *type)
{
    static char path[128];
    auto_free char *tool = mem_format("command -v mkfs.%s >/dev/null", type), *image = NULL;
    bool is_tmpfs = strcmp(type, "tmpfs") == 0;

    (void) snprintf(path, sizeof path, "%s/%s", test_folder(), type);
    if (mkdir(path, 0755) < 0)
        return errno == EEXIST ? path : NULL;
    if (is_tmpfs) {
        assert_int_equal(mount("tmpfs", path, "tmpfs", 0, "mode=0755"), 0);
        return path;
    }
    image = mem_format("%s.img", path);
    if (test_run(tool) != 0 || test_run("test -e /dev/loop-control") != 0) {
        (void) rmdir(path);
        return NULL;
    }
    RUN_OK("truncate -s 512M %s && mkfs.%s -q %s >/dev/null 2>&1 && mount -o loop %s %s", image, type, image, image,
           path);
    return path;
}

#define NEED_MOUNT(variable, type) \
    NEED_ROOT(); \
    const char *variable = test_mount(type); \
    do { \
        if (!variable) \
            SKIP_TEST("no mkfs." type " or no loop devices"); \
    } while (0)

static inline int open_dir(const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        fail_msg("open %s: %s", path, strerror(errno));
    return fd;
}

static inline struct stat stat_of(const char *path)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        fail_msg("stat %s: %s", path, strerror(errno));
    return st;
}

/* Puts a detached mount on PATH, for tests that look at it by name. */
static inline void attach_mount(int fd, const char *path)
{
    (void) mkdir(path, 0755);
    if (syscall(429 /* move_mount */, fd, "", AT_FDCWD, path, 4 /* MOVE_MOUNT_F_EMPTY_PATH */) < 0)
        fail_msg("cannot attach %s: %s", path, strerror(errno));
}
