/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool's folder, its lock, and recovery. What layers and snapshots mean is in layers.c and history.c. */
#include "image/pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/id128.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/btrfs_quota.h"
#include "image/layers.h"
#include "image/remove_tree.h"

static const char readme[] =
    "redd keeps here what the machines beside this folder share: frozen trees in layers/, snapshots in\n"
    "snapshots/, work under way in tmp/. Machines stop working when something in here is changed or removed.\n"
    "'redd verify' checks it, 'redd du' says what it takes, 'redd flatten NAME' makes a machine independent of it.\n";

void pool_new_id(char ret[POOL_ID_SIZE])
{
    struct id128 id;

    id128_random(&id);
    id128_format_plain(id, ret);
}

int pool_write_file(int dir_fd, const char *name, const char *text, struct error **err)
{
    auto_close int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(err, errno, "cannot create '%s'", name);

    int r = fd_write_full(fd, text, strlen(text));
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r < 0 ? fail(err, -r, "cannot write '%s'", name) : 0;
}

static int set_lock(int fd, short type, bool wait)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

    while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

int pool_open_folder(const struct pool *pool, const char *name, bool make)
{
    if (make && mkdirat(pool->fd, name, 0700) < 0 && errno != EEXIST)
        return -1;
    return openat(pool->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int open_folder(const char *folder, struct pool *ret, struct error **err)
{
    *ret = (struct pool) POOL_NONE;
    ret->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (ret->folder_fd < 0)
        return fail(err, errno, "cannot open the directory %s", folder);
    ret->folder = mem_copy_string(folder);
    return 0;
}

/* The lists in it are obeyed, so nobody else may have written them. */
static int check_owner(const struct pool *pool, struct error **err)
{
    struct stat st;

    if (fstat(pool->fd, &st) < 0)
        return fail(err, errno, "cannot look at %s/" POOL_NAME, pool->folder);
    if (st.st_uid == geteuid() && !(st.st_mode & 022))
        return 0;
    int r = fail_plain(err, EPERM, "%s/" POOL_NAME " belongs to somebody else, or can be written by others",
                       pool->folder);
    fail_hint(*err, "see what is in it; it should be owned by %u, with mode 0700", (unsigned) geteuid());
    fail_id(*err, "R3001");
    return r;
}

static int open_pool(struct pool *pool, struct error **err)
{
    pool->fd = openat(pool->folder_fd, POOL_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (pool->fd < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot open %s/" POOL_NAME, pool->folder);
    return check_owner(pool, err);
}

int pool_look(const char *folder, struct pool *ret, struct error **err)
{
    CLEANUP(pool_done) struct pool pool = POOL_NONE;

    if (open_folder(folder, &pool, err) < 0 || open_pool(&pool, err) < 0)
        return -error_code(*err);
    *ret = pool;
    pool = (struct pool) POOL_NONE;
    return 0;
}

/* Whoever finds the pool empty removes it with its lock, under which we may have waited: then all begins anew. */
static int lock_pool(struct pool *pool, struct error **err)
{
    for (;;) {
        struct stat st;

        if (mkdirat(pool->folder_fd, POOL_NAME, 0700) < 0 && errno != EEXIST) {
            int r = fail(err, errno, "cannot make %s/" POOL_NAME, pool->folder);

            if (r == -EDQUOT)
                fail_hint(*err, "what all images may take together is used up; 'redd set-limit BYTES' allows more");
            fail_id(*err, "R3002");
            return r;
        }
        fd_closep(&pool->fd);
        if (open_pool(pool, err) < 0)
            return -error_code(*err);
        if (pool->fd < 0)
            continue;

        auto_close int lock_fd =
            openat(pool->fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
        if (lock_fd < 0 && errno == ENOENT)
            continue;
        int r = lock_fd < 0 ? -errno : set_lock(lock_fd, F_WRLCK, true);
        if (r < 0 || fstat(lock_fd, &st) < 0)
            return fail(err, r < 0 ? -r : errno, "cannot lock %s/" POOL_NAME, pool->folder);
        if (st.st_nlink == 0)
            continue;
        pool->lock_fd = take_fd(&lock_fd);
        return 0;
    }
}

void pool_unlock(struct pool *pool)
{
    fd_closep(&pool->lock_fd);
}

int pool_relock(struct pool *pool, struct error **err)
{
    return pool->lock_fd >= 0 ? 0 : lock_pool(pool, err);
}

/* -- acts -- */

static bool exists(const char *path)
{
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int undo_remove_unless(const struct strings *args, struct error **err)
{
    if (args->count == 0 || exists(args->item[0]))
        return 0;
    for (size_t i = 1; i < args->count; i++) {
        int r = remove_tree(AT_FDCWD, args->item[i]);
        if (r < 0)
            return fail(err, -r, "cannot remove %s", args->item[i]);
    }
    return 0;
}

static int undo_move_if(const struct strings *args, struct error **err)
{
    if (args->count != 3 || !exists(args->item[0]) || !exists(args->item[1]))
        return 0;
    if (rename(args->item[1], args->item[2]) < 0 && errno != ENOENT)
        return fail(err, errno, "cannot rename %s to %s", args->item[1], args->item[2]);
    return 0;
}

static const struct undo_kind kinds[] = {
    {POOL_REMOVE_UNLESS, undo_remove_unless},
    {POOL_MOVE_IF, undo_move_if},
};

int pool_work_settle(struct pool_work *work, struct error **err)
{
    return undo_run(work->undo, kinds, COUNT_OF(kinds), err);
}

int pool_work_begin(struct pool *pool, struct pool_work *ret, struct error **err)
{
    struct pool_work work = POOL_WORK_NONE;
    auto_close int tmp_fd = pool_open_folder(pool, "tmp", true);

    if (tmp_fd < 0)
        return fail(err, errno, "cannot open %s/" POOL_NAME "/tmp", pool->folder);
    pool_new_id(work.id);
    if (mkdirat(tmp_fd, work.id, 0700) < 0)
        return fail(err, errno, "cannot make a folder in %s/" POOL_NAME "/tmp", pool->folder);
    work.fd = openat(tmp_fd, work.id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    work.lock_fd = work.fd < 0 ? -1 : openat(work.fd, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int r = work.lock_fd < 0 ? -errno : set_lock(work.lock_fd, F_WRLCK, false);
    if (r < 0)
        fail(err, -r, "cannot lock a folder in %s/" POOL_NAME "/tmp", pool->folder);
    if (r < 0 || undo_open(work.fd, "undo", &work.undo, err) < 0) {
        pool_work_end(pool, &work);
        return -error_code(*err);
    }
    *ret = work;
    return 0;
}

void pool_work_end(struct pool *pool, struct pool_work *work)
{
    if (work->fd >= 0) {
        auto_close int tmp_fd = pool_open_folder(pool, "tmp", false);
        int r = tmp_fd < 0 ? -errno : remove_tree(tmp_fd, work->id);

        if (r < 0)
            log_warning("cannot remove %s/" POOL_NAME "/tmp/%s: %s", pool->folder, work->id, strerror(-r));
    }
    undo_freep(&work->undo);
    fd_closep(&work->lock_fd);
    fd_closep(&work->fd);
}

#define GONE "gone-"

/* Enough for the few blocks of metadata that a change to a btrfs may take. */
#define OWN_BYTES_MIN (UINT64_C(1) << 20)

/* Where a quota is used up, the end of a subvolume, or of a snapshot that is one, finds no room, unless what it has of
 * its own is gone first and makes some. */
static bool makes_room(int dir_fd, const char *name)
{
    static const char *const places[] = {"", "/tree"};

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        auto_free char *path = mem_format("%s%s", name, places[i]);
        auto_close int fd = openat(dir_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct btrfs_limit limit;

        if (fd >= 0 && btrfs_is_subvolume(fd))
            return btrfs_limit_read(fd, BTRFS_ITS_OWN, &limit) == 0 && limit.usage_exclusive != UINT64_MAX &&
                   limit.usage_exclusive >= OWN_BYTES_MIN;
    }
    return true;
}

static int home_of_gone(const struct pool *pool)
{
    return pool->fd >= 0 ? pool->fd : pool->folder_fd;
}

int pool_hide(const struct pool *pool, int dir_fd, const char *name, char **ret)
{
    char id[POOL_ID_SIZE];

    pool_new_id(id);
    auto_free char *gone = mem_format("%s" GONE "%s", pool->fd >= 0 ? "" : ".", id);
    if (renameat(dir_fd, name, home_of_gone(pool), gone) < 0)
        return -errno;
    *ret = TAKE(gone);
    return 0;
}

int pool_discard(const struct pool *pool, int dir_fd, const char *name)
{
    auto_free char *gone = NULL;
    int home_fd = home_of_gone(pool);

    int r = pool_hide(pool, dir_fd, name, &gone);
    if (r == 0)
        return remove_tree(home_fd, gone);
    if ((r != -ENOSPC && r != -EDQUOT && r != -EXDEV) || (r == -EDQUOT && !makes_room(dir_fd, name)))
        return r;
    /* no room even for that, or a settings file on another disk: it is removed where it is */
    r = remove_tree(dir_fd, name);
    if (r != -EDQUOT)
        return r;
    /* what was in a subvolume is off the account once it is on disk; there is room for the subvolume's end then */
    (void) syncfs(home_fd);
    return remove_tree(dir_fd, name);
}

/* -- recovery -- */

static void recover_gone(const struct pool *pool)
{
    auto_close int fd = openat(pool->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir)
        return;
    fd = -1;                    /* closedir() closes it */
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strncmp(entry->d_name, GONE, strlen(GONE)) == 0)
            (void) remove_tree(pool->fd, entry->d_name);
    (void) closedir(dir);
}

/* 1: nobody holds the folder NAME of an act; its lock is *ret_fd, or there never was one (-1). */
static int is_abandoned(int work_fd, int *ret_fd)
{
    auto_close int lock_fd = openat(work_fd, "lock", O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);

    if (lock_fd < 0) {
        *ret_fd = -1;
        return errno == ENOENT;
    }
    if (set_lock(lock_fd, F_WRLCK, false) < 0)
        return 0;
    *ret_fd = take_fd(&lock_fd);
    return 1;
}

bool pool_work_is_alive(const struct pool *pool, const char *name)
{
    auto_free char *path = mem_format("tmp/%s", name);
    auto_close int lock_fd = -1, work_fd = openat(pool->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return work_fd >= 0 && !is_abandoned(work_fd, &lock_fd);
}

static void recover_work(const struct pool *pool, int tmp_fd, const char *name)
{
    auto_close int work_fd = openat(tmp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), lock_fd = -1;
    auto_error struct error *err = NULL;
    struct undo *undo = NULL;

    if (work_fd < 0 || !is_abandoned(work_fd, &lock_fd))
        return;
    log_debug("taking back what a dead process left in %s/" POOL_NAME "/tmp/%s", pool->folder, name);
    if (faccessat(work_fd, "undo", F_OK, 0) == 0 && undo_open(work_fd, "undo", &undo, &err) >= 0)
        (void) undo_run(undo, kinds, COUNT_OF(kinds), &err);
    undo_freep(&undo);
    if (err) {
        log_warning("%s", error_text(err));
        return;
    }
    int r = remove_tree(tmp_fd, name);
    if (r < 0)
        log_warning("cannot remove %s/" POOL_NAME "/tmp/%s: %s", pool->folder, name, strerror(-r));
}

static void recover(struct pool *pool)
{
    auto_error struct error *err = NULL;
    int tmp_fd = pool_open_folder(pool, "tmp", false);
    DIR *dir = tmp_fd < 0 ? NULL : fdopendir(tmp_fd);
    bool found = false;

    recover_gone(pool);
    if (dir) {
        for (struct dirent *entry; (entry = readdir(dir));)
            if (entry->d_name[0] != '.') {
                recover_work(pool, dirfd(dir), entry->d_name);
                found = true;
            }
        (void) closedir(dir);
    }
    struct pool_work work = POOL_WORK_NONE;
    if (layers_recover(pool, &found, &err) < 0 ||
        (found && (pool_work_begin(pool, &work, &err) < 0 || layers_collect(pool, &work, &err) < 0)))
        log_warning("%s", error_text(err));
    pool_work_end(pool, &work);
}

static int write_readme(const struct pool *pool)
{
    auto_close int fd = openat(pool->fd, "README", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

    return fd < 0 ? (errno == EEXIST ? 0 : -errno) : fd_write_full(fd, readme, sizeof readme - 1);
}

int pool_change(const char *folder, struct pool *ret, struct error **err)
{
    CLEANUP(pool_done) struct pool pool = POOL_NONE;

    if (open_folder(folder, &pool, err) < 0 || lock_pool(&pool, err) < 0)
        return -error_code(*err);
    int r = write_readme(&pool);
    if (r < 0)
        return fail(err, -r, "cannot write %s/" POOL_NAME "/README", folder);
    recover(&pool);
    *ret = pool;
    pool = (struct pool) POOL_NONE;
    return 0;
}

/* Succeeds only when nothing is in the folders. */
static void remove_if_empty(const struct pool *pool)
{
    static const char *const folders[] = {"tmp", "layers", "snapshots"};
    bool empty = true;

    for (size_t i = 0; i < COUNT_OF(folders); i++)
        empty &= unlinkat(pool->fd, folders[i], AT_REMOVEDIR) == 0 || errno == ENOENT;
    if (!empty)
        return;
    (void) unlinkat(pool->fd, "README", 0);
    (void) unlinkat(pool->fd, "lock", 0);
    (void) unlinkat(pool->folder_fd, POOL_NAME, AT_REMOVEDIR);
}

void pool_done(struct pool *pool)
{
    if (pool->fd >= 0 && pool->lock_fd >= 0)
        remove_if_empty(pool);
    fd_closep(&pool->lock_fd);
    fd_closep(&pool->fd);
    fd_closep(&pool->folder_fd);
    free(TAKE(pool->folder));
}
