/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The four ways not to wait for a descriptor that is not ours alone. Used by the console; knows nothing of it. */
#include "inside/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"

#ifndef TIOCGDEV
#define TIOCGDEV _IOR('T', 0x32, unsigned int)
#endif

static bool is_same_terminal(int a, int b)
{
    unsigned device_a, device_b;

    return ioctl(a, TIOCGDEV, &device_a) == 0 && ioctl(b, TIOCGDEV, &device_b) == 0 && device_a == device_b;
}

/* A description of our own for the terminal or pipe FD, or -1. */
static int open_anew(int fd, int access, bool is_terminal)
{
    char buffer[32];
    int flags = access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int own_fd = open(path_of_fd(buffer, fd), flags);

    if (own_fd < 0 && is_terminal && errno == EACCES) {
        /* Another user's terminal, but ours to use: as the controlling one it has a name everybody may open. */
        own_fd = open("/dev/tty", flags);
        if (own_fd >= 0 && !is_same_terminal(own_fd, fd))
            fd_closep(&own_fd);
    }
    return own_fd;
}

void endpoint_open(struct endpoint *endpoint, int fd, int access)
{
    struct stat st;

    *endpoint = (struct endpoint) {.fd = fd, .kind = ENDPOINT_ASK_FIRST};
    if (fstat(fd, &st) < 0) {
        endpoint->fd = -1;      /* closed by the caller: nothing comes, nothing goes */
        return;
    }

    endpoint->is_terminal = S_ISCHR(st.st_mode) && isatty(fd);
    if (S_ISSOCK(st.st_mode))
        endpoint->kind = ENDPOINT_SOCKET;
    else if (endpoint->is_terminal && st.st_rdev == makedev(5, 2))
        return;                 /* the master of a pty: opening it anew would make another pty */
    else if (S_ISFIFO(st.st_mode) || endpoint->is_terminal) {
        int own_fd = open_anew(fd, access, endpoint->is_terminal);

        if (own_fd >= 0) {
            endpoint->fd = own_fd;
            endpoint->kind = ENDPOINT_OWN;
        }
    } else if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || st.st_rdev == makedev(1, 3))
        endpoint->kind = ENDPOINT_NEVER_WAITS;          /* files, disks and /dev/null */
}

void endpoint_close(struct endpoint *endpoint)
{
    if (endpoint->kind == ENDPOINT_OWN)
        fd_closep(&endpoint->fd);
    endpoint->fd = -1;
}

static bool would_wait(const struct endpoint *endpoint, short events)
{
    struct pollfd poll_fd = {.fd = endpoint->fd, .events = events};

    return endpoint->kind == ENDPOINT_ASK_FIRST && poll(&poll_fd, 1, 0) <= 0;
}

ssize_t endpoint_read(const struct endpoint *endpoint, void *buffer, size_t size)
{
    ssize_t n;

    if (would_wait(endpoint, POLLIN))
        return -EAGAIN;
    do
        n = endpoint->kind == ENDPOINT_SOCKET ? recv(endpoint->fd, buffer, size, MSG_DONTWAIT)
                                              : read(endpoint->fd, buffer, size);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

ssize_t endpoint_write(const struct endpoint *endpoint, const void *buffer, size_t size)
{
    ssize_t n;

    if (endpoint->kind == ENDPOINT_ASK_FIRST) {
        if (would_wait(endpoint, POLLOUT))
            return -EAGAIN;
        if (size > PIPE_BUF)
            size = PIPE_BUF;    /* a pipe that poll() calls writable has room for that much */
    }
    do
        n = endpoint->kind == ENDPOINT_SOCKET ? send(endpoint->fd, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                              : write(endpoint->fd, buffer, size);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
