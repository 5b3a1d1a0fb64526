/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fd: file descriptors that are close-on-exec from birth and close by themselves. An empty one is -1. */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/error.h"

static inline void fd_closep(int *fd)
{
    if (*fd >= 0)
        (void) close(*fd);
    *fd = -1;
}
#define auto_close __attribute__((cleanup(fd_closep)))

/* open(2) relative to nothing, always close-on-exec. By way of openat(2), since musl's open() sets the flag once more
 * by a second system call. */
static inline int file_open(const char *path, int flags)
{
    return openat(AT_FDCWD, path, flags | O_CLOEXEC);
}

static inline int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Reads until SIZE bytes or end of file; retries on EINTR. Returns bytes read or a negative errno. */
ssize_t fd_read_full(int fd, void *buffer, size_t size);

/* Writes all; returns 0 or a negative errno. Retries on EINTR, and waits with poll() where the fd is non-blocking. */
int fd_write_full(int fd, const void *buffer, size_t size);

/* Whole small files: a LIMIT in bytes (-EFBIG beyond it), one error naming PATH. DIR_FD may be AT_FDCWD.
 * The result is NUL-terminated and given to the caller; RET_SIZE may be NULL. */
int file_read_at(int dir_fd, const char *path, size_t limit, char **ret, size_t *ret_size, struct error **err);

/* As file_read_at() without an error object: 0 or a negative errno. For files that may well be missing. */
int file_read_quiet(int dir_fd, const char *path, size_t limit, char **ret);

/* As file_read_quiet() into a BUFFER of SIZE bytes, by one call to read(2): for files that are short, and are written
 * by one call or replaced whole. Not procfs. -EFBIG where it is not below SIZE. */
int file_read_once(int dir_fd, const char *path, char *buffer, size_t size);

/* Writes TEXT to an existing file (procfs, sysfs, cgroupfs) in one write(). 0 or a negative errno. */
int file_write_existing(int dir_fd, const char *path, const char *text);

/* Creates or replaces PATH below DIR_FD by way of a temporary name and rename(), so that no reader sees half of it. */
int file_replace_at(int dir_fd, const char *path, const char *text, size_t size, mode_t mode, struct error **err);

/* Makes directory PATH with its parents, each mode MODE where made. 0 or a negative errno. Host paths only: symbolic
 * links are followed. */
int dir_make_all(const char *path, mode_t mode);

/* Removes the file or tree PATH below DIR_FD, however deep: never enters a mount point below PATH (-EXDEV), never
 * follows a symbolic link, goes on after failures and returns the first one. A missing PATH is success. */
int tree_remove_at(int dir_fd, const char *path);

/* Sends or receives one message with at most 8 descriptors over a unix socket. fd_recv_with() returns the number
 * of bytes (0: end), sets *ret_n_fds; received descriptors are close-on-exec and owned by the caller. */
int fd_send_with(int socket_fd, const void *data, size_t size, const int *fds, size_t n_fds);
ssize_t fd_recv_with(int socket_fd, void *data, size_t size, int *ret_fds, size_t *ret_n_fds);

/* The number that tells the process behind PIDFD from any other that ever had its pid; 0 where the kernel has none. */
uint64_t fd_pidfd_id(int pidfd);
