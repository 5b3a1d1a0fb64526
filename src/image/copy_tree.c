/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recursive copies. A walk over the source; beside it goes a chain of descriptors of the directories being made.
 * All names are single components relative to those, so neither tree can lead us astray. */
#include "image/copy_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/attributes.h"
#include "image/owner_change.h"
#include "image/walk.h"

#define BUFFER_SIZE (64u * 1024)

/* The first copy of an inode that has several names. */
struct linked {
    dev_t dev;
    ino_t ino;                  /* 0: an empty place in the table */
    char *path;                 /* relative to the top of the copy */
};

struct copy {
    const struct tree_copy *how;
    struct dir_stack to;
    int to_root_fd;
    char *path;                 /* of the directory in hand, relative to the top; "" there */
    size_t path_length, path_room;
    struct linked *linked;      /* open addressing, at most half full */
    size_t linked_room, n_linked;
    char *buffer;
    bool no_reflink;            /* the two file systems cannot share blocks */
    int open_flags;
    uid_t uid;                  /* of what we make */
    gid_t gid;
};

static struct created created_with(const struct copy *copy, mode_t mode)
{
    return (struct created){.uid = copy->uid, .gid = copy->gid, .mode = mode, .owners = copy->how->owners};
}

static void copy_done(struct copy *copy)
{
    dir_stack_done(&copy->to);
    for (size_t i = 0; i < copy->linked_room; i++)
        free(copy->linked[i].path);
    free(copy->linked);
    free(copy->path);
    free(copy->buffer);
}

static void path_enter(struct copy *copy, const char *name)
{
    size_t length = strlen(name), needed = copy->path_length + length + 2;

    if (needed > copy->path_room) {
        copy->path_room = 2 * needed;
        copy->path = mem_resize(copy->path, copy->path_room);
    }
    if (copy->path_length > 0)
        copy->path[copy->path_length++] = '/';
    memcpy(copy->path + copy->path_length, name, length + 1);
    copy->path_length += length;
}

static void path_leave(struct copy *copy, const char *name)
{
    size_t length = strlen(name);

    copy->path_length -= copy->path_length > length ? length + 1 : length;
    copy->path[copy->path_length] = '\0';
}

/* The place of an inode in the table: its own, or the empty one where it belongs. */
static struct linked *linked_find(struct linked *table, size_t room, const struct stat *st)
{
    size_t i = (size_t) ((uint64_t) (st->st_ino ^ (uint64_t) st->st_dev << 32) * UINT64_C(0x9e3779b97f4a7c15) >> 20);

    while (table[i & (room - 1)].ino != 0 &&
           (table[i & (room - 1)].ino != st->st_ino || table[i & (room - 1)].dev != st->st_dev))
        i++;
    return &table[i & (room - 1)];
}

static struct linked *linked_place(struct copy *copy, const struct stat *st)
{
    if (2 * copy->n_linked >= copy->linked_room) {
        size_t room = copy->linked_room ? 2 * copy->linked_room : 256;
        struct linked *table = mem_alloc(room * sizeof *table);

        for (size_t i = 0; i < copy->linked_room; i++)
            if (copy->linked[i].ino != 0) {
                struct stat key = {.st_dev = copy->linked[i].dev, .st_ino = copy->linked[i].ino};

                *linked_find(table, room, &key) = copy->linked[i];
            }
        free(copy->linked);
        copy->linked = table;
        copy->linked_room = room;
    }
    return linked_find(copy->linked, copy->linked_room, st);
}

/* True when NAME was made as one more name of an inode that is copied already. Remembers the inode otherwise. */
static bool link_to_earlier(struct copy *copy, const char *name, const struct stat *st)
{
    if (st->st_nlink < 2)
        return false;

    struct linked *place = linked_place(copy, st);
    /* a path too long for one call, or too many links: a second copy does */
    if (place->ino != 0)
        return linkat(copy->to_root_fd, place->path, dir_stack_top(&copy->to), name, 0) == 0;

    *place = (struct linked){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .path = copy->path_length ? mem_format("%s/%s", copy->path, name) : mem_copy_string(name),
    };
    copy->n_linked++;
    return false;
}

/* btrfs shares blocks only between files that agree about checksums; the flag can be set while a file is empty. */
static bool reflink_without_cow(int from_fd, int to_fd)
{
    unsigned flags;

    return ioctl(from_fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_NOCOW_FL) &&
           ioctl(to_fd, FS_IOC_GETFLAGS, &flags) == 0 &&
           (flags |= FS_NOCOW_FL, ioctl(to_fd, FS_IOC_SETFLAGS, &flags)) == 0 && ioctl(to_fd, FICLONE, from_fd) == 0;
}

static bool reflink(struct copy *copy, int from_fd, int to_fd)
{
    if (copy->no_reflink)
        return false;
    if (ioctl(to_fd, FICLONE, from_fd) == 0 || (errno == EINVAL && reflink_without_cow(from_fd, to_fd)))
        return true;
    if (errno == EOPNOTSUPP || errno == EXDEV || errno == ENOTTY)
        copy->no_reflink = true;
    return false;
}

static bool is_stopped(const struct copy *copy)
{
    struct pollfd wait = {.fd = copy->how->stop_fd, .events = POLLIN};

    return wait.fd >= 0 && poll(&wait, 1, 0) > 0;
}

/* SIZE bytes from where the two descriptors stand, or less at the end of the file. */
static int copy_bytes(struct copy *copy, int from_fd, int to_fd, off_t size)
{
    bool in_kernel = size > (off_t) BUFFER_SIZE;        /* below that two plain calls are cheaper */

    while (size > 0) {
        size_t step = size < 1 << 26 ? (size_t) size : 1u << 26;
        ssize_t n = in_kernel ? copy_file_range(from_fd, NULL, to_fd, NULL, step, 0) : -1;

        if (in_kernel && n < 0) {
            if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
                return -errno;
            in_kernel = false;
        }
        if (!in_kernel) {
            n = fd_read_full(from_fd, copy->buffer, step < BUFFER_SIZE ? step : BUFFER_SIZE);
            int r = n < 0 ? (int) n : fd_write_full(to_fd, copy->buffer, (size_t) n);
            if (r < 0)
                return r;
        }
        if (n == 0)
            return 0;
        size -= n;
        if (size > 0 && is_stopped(copy))
            return -EINTR;
    }
    return 0;
}

/* Only what is not a hole; the file keeps its size. */
static int copy_sparse(struct copy *copy, int from_fd, int to_fd, off_t size)
{
    off_t at = 0;

    while (at < size) {
        off_t data = lseek(from_fd, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            break;

        off_t hole = data < 0 ? -1 : lseek(from_fd, data, SEEK_HOLE);
        if (hole < 0 || lseek(from_fd, data, SEEK_SET) < 0 || lseek(to_fd, data, SEEK_SET) < 0)
            return -errno;
        int r = copy_bytes(copy, from_fd, to_fd, hole - data);
        if (r < 0)
            return r;
        at = hole;
    }
    return ftruncate(to_fd, size) < 0 ? -errno : 0;
}

static int copy_content(struct copy *copy, int from_fd, int to_fd, const struct stat *st)
{
    if (st->st_size == 0 || reflink(copy, from_fd, to_fd))
        return 0;
    if (st->st_blocks < st->st_size / 512)
        return copy_sparse(copy, from_fd, to_fd, st->st_size);
    return copy_bytes(copy, from_fd, to_fd, st->st_size);
}

static int copy_regular(struct copy *copy, int dir_fd, const char *name)
{
    struct open_how how = {
        .flags = (uint64_t) (unsigned) copy->open_flags,
        .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
    };
    int to_dir = dir_stack_top(&copy->to);
    struct stat st;

    auto_close int from_fd = sys_openat2(dir_fd, name, &how, sizeof how);
    if (from_fd < 0 && errno == EXDEV)          /* something is mounted on the file */
        return mknodat(to_dir, name, S_IFREG | 0644, 0) < 0 ? -errno : 0;
    if (from_fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(from_fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || link_to_earlier(copy, name, &st))
        return 0;

    auto_close int to_fd = openat(to_dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, st.st_mode & 07777);
    if (to_fd < 0)
        return -errno;
    int r = copy_content(copy, from_fd, to_fd, &st);
    /* writing took away the set-user-id bits the file was made with */
    return r < 0 ? r : attributes_copy(from_fd, to_fd, &st, created_with(copy, st.st_mode & 06000 ? 0 : st.st_mode));
}

static int copy_link(struct copy *copy, int dir_fd, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir_fd, name, target, sizeof target);
    if (n < 0 || n == sizeof target)
        return n < 0 ? -errno : -ENAMETOOLONG;

    target[n] = '\0';
    return symlinkat(target, dir_stack_top(&copy->to), name) < 0 ? -errno : 0;
}

static int copy_file(void *context, int dir_fd, const char *name, unsigned char type)
{
    struct copy *copy = context;
    struct stat st;

    if (type == DT_REG)
        return copy_regular(copy, dir_fd, name);

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))     /* it was replaced since it was listed */
        return 0;
    if (copy->how->left_out && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISSOCK(st.st_mode))) {
        ++*copy->how->left_out;
        return 0;
    }
    if (link_to_earlier(copy, name, &st))
        return 0;

    int r;
    if (S_ISLNK(st.st_mode))
        r = copy_link(copy, dir_fd, name);
    else
        r = mknodat(dir_stack_top(&copy->to), name, st.st_mode & (S_IFMT | 07777), st.st_rdev) < 0 ? -errno : 0;
    return r < 0 ? r : attributes_copy_at(dir_fd, dir_stack_top(&copy->to), name, &st, created_with(copy, 0));
}

static int enter_directory(void *context, int dir_fd, const char *name, int fd)
{
    struct copy *copy = context;
    int to_dir = dir_stack_top(&copy->to);
    struct stat st;

    (void) dir_fd;
    if (is_stopped(copy))
        return -EINTR;
    if (copy->how->skip_ino != 0) {
        if (fstat(fd, &st) < 0)
            return -errno;
        if (st.st_ino == copy->how->skip_ino && st.st_dev == copy->how->skip_dev)
            return WALK_SKIP;
    }
    if (mkdirat(to_dir, name, 0700) < 0)
        return -errno;

    int to_fd = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to_fd < 0)
        return -errno;
    path_enter(copy, name);
    return dir_stack_push(&copy->to, to_fd);
}

static int leave_directory(void *context, int dir_fd, const char *name, int fd)
{
    struct copy *copy = context;
    auto_close int to_fd = -1;
    struct stat st;

    (void) dir_fd;
    path_leave(copy, name);
    int r = dir_stack_pop(&copy->to, &to_fd);
    if (r == 0 && fstat(fd, &st) < 0)
        r = -errno;
    return r < 0 ? r : attributes_copy(fd, to_fd, &st, created_with(copy, 0700));
}

static int closed_directory(void *context, int dir_fd, const char *name, int reason)
{
    struct copy *copy = context;

    (void) dir_fd;
    if (reason == EXDEV)
        return mkdirat(dir_stack_top(&copy->to), name, 0755) < 0 ? -errno : 0;
    return reason == ENOENT ? 0 : -reason;
}

static int copy_failed(const char *path, int r, struct error **err)
{
    if (r == -EINTR)
        fail_plain(err, EINTR, "the copy was interrupted");
    else
        fail(err, -r, path && *path ? "cannot copy '%s' of the tree" : "cannot copy the tree%s", path ? path : "");
    if (r == -EOPNOTSUPP)
        fail_hint(*err, "the target's file system cannot keep ACLs or file capabilities; choose another for it");
    else if (r == -ENOSPC || r == -EDQUOT)
        fail_hint(*err, "a file system with reflinks (btrfs, XFS) needs no space for a copy on the same file system");
    fail_id(*err, "R2301");
    return r;
}

static struct copy copy_init(int to_fd, const struct tree_copy *how)
{
    return (struct copy){
        .how = how,
        .to_root_fd = to_fd,
        .uid = how->maker ? how->maker->uid : geteuid(),
        .gid = how->maker ? how->maker->gid : getegid(),
        .buffer = mem_alloc(BUFFER_SIZE),
        /* O_NONBLOCK: a pipe that took the file's place must not hold us; O_NOATIME is for the owner alone */
        .open_flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | (geteuid() == 0 ? O_NOATIME : 0),
    };
}

static int copy_folder_entry(int from_fd, int to_dir_fd, const char *name, const struct tree_copy *how,
                             struct error **err)
{
    auto_close int to_fd = mkdirat(to_dir_fd, name, 0700) < 0
                               ? -1
                               : openat(to_dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return to_fd < 0 ? copy_failed(name, -errno, err) : tree_copy(from_fd, to_fd, how, err);
}

static int copy_regular_entry(struct copy *copy, int from_path_fd, int to_dir_fd, const char *name,
                              const struct stat *st)
{
    char path[32];
    auto_close int from_fd = file_open(path_of_fd(path, from_path_fd), O_RDONLY | O_NONBLOCK);
    auto_close int to_fd = from_fd < 0 ? -1 : openat(to_dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (to_fd < 0)
        return -errno;
    int r = copy_content(copy, from_fd, to_fd, st);
    return r < 0 ? r : attributes_copy(from_fd, to_fd, st, created_with(copy, 0));
}

/* A link, pipe, socket or device by itself, with owner, mode and times. */
static int copy_special_entry(struct copy *copy, int from_fd, int to_dir_fd, const char *name, const struct stat *st)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    char target[PATH_MAX];

    if (S_ISLNK(st->st_mode)) {
        ssize_t n = readlinkat(from_fd, "", target, sizeof target - 1);
        if (n < 0)
            return -errno;
        target[n] = '\0';
        if (symlinkat(target, to_dir_fd, name) < 0)
            return -errno;
    } else if (mknodat(to_dir_fd, name, st->st_mode & (S_IFMT | 0777), st->st_rdev) < 0)
        return -errno;
    if (fchownat(to_dir_fd, name, owner_change_id(copy->how->owners, st->st_uid),
                 owner_change_id(copy->how->owners, st->st_gid), AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return utimensat(to_dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int tree_copy_entry(int from_fd, int to_dir_fd, const char *name, const struct tree_copy *how, struct error **err)
{
    CLEANUP(copy_done) struct copy copy = copy_init(to_dir_fd, how);
    struct stat st;
    int r;

    if (fstat(from_fd, &st) < 0)
        return copy_failed(name, -errno, err);
    if (S_ISDIR(st.st_mode))
        return copy_folder_entry(from_fd, to_dir_fd, name, how, err);

    mode_t mask = umask(0);
    if (S_ISREG(st.st_mode))
        r = copy_regular_entry(&copy, from_fd, to_dir_fd, name, &st);
    else if (how->left_out && !S_ISLNK(st.st_mode) && !S_ISFIFO(st.st_mode))
        r = -EOPNOTSUPP;
    else
        r = copy_special_entry(&copy, from_fd, to_dir_fd, name, &st);
    (void) umask(mask);
    return r < 0 ? copy_failed(name, r, err) : 0;
}

int tree_copy(int from_fd, int to_fd, const struct tree_copy *how, struct error **err)
{
    static const struct walk_calls calls = {
        .file = copy_file, .enter = enter_directory, .leave = leave_directory, .closed = closed_directory,
    };
    CLEANUP(copy_done) struct copy copy = copy_init(to_fd, how);
    auto_close int from_real = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_free char *where = NULL;
    struct stat st;

    /* A set-group-id parent or one with a default ACL would otherwise leave its mark on all that is made below. */
    int r = from_real < 0 || fchown(to_fd, copy.uid, copy.gid) < 0 || fchmod(to_fd, 0700) < 0 ? -errno : 0;
    if (r == 0)
        r = attributes_remove_acl(to_fd);
    int top = r < 0 ? -1 : openat(to_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r == 0)
        r = top < 0 ? -errno : dir_stack_push(&copy.to, top);
    if (r < 0)
        return copy_failed(NULL, r, err);

    mode_t mask = umask(0);
    r = walk_tree(from_real, &calls, &copy, &where);
    (void) umask(mask);
    if (r == 0)
        r = fstat(from_real, &st) < 0 ? -errno : attributes_copy(from_real, to_fd, &st, created_with(&copy, 0700));
    return r < 0 ? copy_failed(where, r, err) : 0;
}

int file_copy_content(int from_fd, int to_fd, int stop_fd, bool *ret_shared)
{
    const struct tree_copy how = {.stop_fd = stop_fd};
    CLEANUP(copy_done) struct copy copy = {.how = &how, .buffer = mem_alloc(BUFFER_SIZE)};
    struct stat st;

    if (fstat(from_fd, &st) < 0)
        return -errno;
    *ret_shared = reflink(&copy, from_fd, to_fd);
    return *ret_shared ? 0 : copy_sparse(&copy, from_fd, to_fd, st.st_size);
}

bool reflink_is_possible(int dir_fd)
{
    static const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    auto_close int from_fd = openat(dir_fd, ".reflink-from", flags, 0600);
    auto_close int to_fd = openat(dir_fd, ".reflink-to", flags, 0600);
    struct copy copy = {0};

    bool possible = from_fd >= 0 && to_fd >= 0 && write(from_fd, "x", 1) == 1 && reflink(&copy, from_fd, to_fd);
    (void) unlinkat(dir_fd, ".reflink-from", 0);
    (void) unlinkat(dir_fd, ".reflink-to", 0);
    return possible;
}
