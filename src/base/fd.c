/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors, small files, removing trees, and messages with descriptors in them. */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"

#define PIDFS_MAGIC_NUMBER 0x50494446

ssize_t fd_read_full(int fd, void *buffer, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, (char *) buffer + done, size - done);

        if (n == 0)
            break;
        if (n > 0)
            done += (size_t) n;
        else if (errno != EINTR)
            return -errno;
    }
    return (ssize_t) done;
}

int fd_write_full(int fd, const void *buffer, size_t size)
{
    const char *from = buffer;

    while (size > 0) {
        ssize_t n = write(fd, from, size);

        if (n >= 0) {
            from += n;
            size -= (size_t) n;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};

            (void) poll(&wait, 1, -1);
        } else if (errno != EINTR)
            return -errno;
    }
    return 0;
}

/* Reads an open file whole. Sizes from stat() are only a first guess: those of procfs are 0. */
static int read_whole(int fd, size_t limit, char **ret, size_t *ret_size)
{
    size_t size = limit < 4095 ? limit : 4095, used = 0;
    auto_free char *text = malloc(size + 1);

    if (!text)
        return -ENOMEM;
    for (;;) {
        ssize_t n = fd_read_full(fd, text + used, size - used);
        if (n < 0)
            return (int) n;

        used += (size_t) n;
        if (used < size)
            break;
        if (size == limit) {
            char more;

            if (fd_read_full(fd, &more, 1) != 0)
                return -EFBIG;
            break;
        }
        size = size > limit / 4 ? limit : size * 4;
        char *bigger = realloc(text, size + 1);
        if (!bigger)
            return -ENOMEM;
        text = bigger;
    }
    text[used] = '\0';
    *ret = TAKE(text);
    if (ret_size)
        *ret_size = used;
    return 0;
}

int file_read_at(int dir_fd, const char *path, size_t limit, char **ret, size_t *ret_size, struct error **err)
{
    auto_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(err, errno, "cannot open %s", path);

    int r = read_whole(fd, limit, ret, ret_size);
    if (r == -EFBIG)
        return fail_plain(err, EFBIG, "%s is larger than the limit of %zu bytes", path, limit);
    return r < 0 ? fail(err, -r, "cannot read %s", path) : 0;
}

int file_read_quiet(int dir_fd, const char *path, size_t limit, char **ret)
{
    auto_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? -errno : read_whole(fd, limit, ret, NULL);
}

int file_read_once(int dir_fd, const char *path, char *buffer, size_t size)
{
    auto_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;

    ssize_t n = read(fd, buffer, size);
    if (n < 0)
        return -errno;
    if ((size_t) n == size)
        return -EFBIG;
    buffer[n] = '\0';
    return 0;
}

int file_write_existing(int dir_fd, const char *path, const char *text)
{
    auto_close int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;

    size_t length = strlen(text);
    ssize_t n = write(fd, text, length);
    return n < 0 ? -errno : (size_t) n == length ? 0 : -EIO;
}

int file_replace_at(int dir_fd, const char *path, const char *text, size_t size, mode_t mode, struct error **err)
{
    static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    auto_free char *fresh = mem_format("%s.new~", path);

    auto_close int fd = openat(dir_fd, fresh, flags, mode);
    if (fd < 0 && errno == EEXIST) {
        /* left by a writer that died */
        (void) unlinkat(dir_fd, fresh, 0);
        fd = openat(dir_fd, fresh, flags, mode);
    }
    if (fd < 0)
        return fail(err, errno, "cannot create %s", fresh);

    int r = fd_write_full(fd, text, size);
    if (r < 0) {
        (void) unlinkat(dir_fd, fresh, 0);
        return fail(err, -r, "cannot write %s", fresh);
    }
    if (renameat(dir_fd, fresh, dir_fd, path) < 0) {
        r = errno;
        (void) unlinkat(dir_fd, fresh, 0);
        return fail(err, r, "cannot put %s in its place", path);
    }
    return 0;
}

int dir_make_all(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT)
        return -errno;

    auto_free char *parent = path_parent(path);
    int r = dir_make_all(parent, mode);
    if (r < 0)
        return r;
    return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : -errno;
}

static void keep_first(int *first, int r)
{
    if (*first == 0 && r < 0)
        *first = r;
}

/* A tree's owner may have nested it deeper than we may have descriptors: from here on down, folders are moved up to
 * the top first and removed from there. */
#define REMOVE_DEPTH 100

struct removal {
    int top_fd;
    unsigned n_moved;
    bool again;                 /* something was moved to the top, perhaps behind the reader */
    int first;                  /* failure */
};

static void move_to_top(struct removal *removal, int parent_fd, const char *name)
{
    char fresh[32];
    int r;

    do {
        (void) snprintf(fresh, sizeof fresh, ".removed-%u", removal->n_moved++);
        r = renameat(parent_fd, name, removal->top_fd, fresh);
    } while (r < 0 && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR));
    if (r < 0)
        keep_first(&removal->first, -errno);
    else
        removal->again = true;
}

/* Takes FD. */
static void remove_children(struct removal *removal, int fd, unsigned depth)
{
    /* not a device number: a bind mount has that of its source, and a subvolume of the tree has one of its own */
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH,
    };
    DIR *dir = fdopendir(fd);

    if (!dir) {
        keep_first(&removal->first, -errno);
        (void) close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *name = entry->d_name;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (entry->d_type != DT_DIR && (unlinkat(fd, name, 0) == 0 || errno == ENOENT))
            continue;
        if (entry->d_type != DT_DIR && errno != EISDIR) {
            keep_first(&removal->first, -errno);
            continue;
        }
        if (depth == REMOVE_DEPTH) {
            if (unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                move_to_top(removal, fd, name);
            continue;
        }

        int child = sys_openat2(fd, name, &how, sizeof how);
        if (child < 0) {
            keep_first(&removal->first, -errno);
            continue;
        }
        remove_children(removal, child, depth + 1);
        if (unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
            keep_first(&removal->first, -errno);
    }
    (void) closedir(dir);
}

int tree_remove_at(int dir_fd, const char *path)
{
    if (unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR)
        return -errno;

    auto_close int top = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct removal removal = {.top_fd = top};

    if (top < 0)
        return -errno;
    do {
        int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
            return -errno;
        removal.again = false;
        remove_children(&removal, fd, 0);
    } while (removal.again);
    if (unlinkat(dir_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
        keep_first(&removal.first, -errno);
    return removal.first;
}

#define FDS_MAX 8

int fd_send_with(int socket_fd, const void *data, size_t size, const int *fds, size_t n_fds)
{
    char control[CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8))) = {0};
    struct iovec part = {.iov_base = (void *) data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (n_fds > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(header), fds, n_fds * sizeof(int));
    }
    for (;;) {
        if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

ssize_t fd_recv_with(int socket_fd, void *data, size_t size, int *ret_fds, size_t *ret_n_fds)
{
    char control[CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8)));
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n;

    do
        n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;

    *ret_n_fds = 0;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h))
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
            size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

            memcpy(ret_fds, CMSG_DATA(h), count * sizeof(int));
            *ret_n_fds = count;
        }
    return n;
}

uint64_t fd_pidfd_id(int pidfd)
{
    struct statfs fs;
    struct stat st;

    /* before pidfs all pidfds shared one inode */
    return fstatfs(pidfd, &fs) == 0 && fs.f_type == PIDFS_MAGIC_NUMBER && fstat(pidfd, &st) == 0 ? st.st_ino : 0;
}
