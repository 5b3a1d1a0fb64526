/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/packet_closer.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clone.h"
#include "base/fd.h"
#include "base/kernel.h"

/* A supervisor has some forty; behind that there are no sockets of ours. */
enum { FD_MAX = 256 };

static bool is_packet_socket(int fd)
{
    int domain;
    socklen_t size = sizeof domain;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_PACKET;
}

/* Locks and the console are held by descriptors: they must not outlive the caller in here. */
static void keep_packet_sockets(int leash_fd)
{
    for (int fd = 0; fd < FD_MAX; fd++)
        if (fd != leash_fd && !is_packet_socket(fd))
            (void) close(fd);
    (void) sys_close_range(FD_MAX, ~0u, 0);
}

static void keep_one(int leash_fd, int fd)
{
    unsigned first = (unsigned) (leash_fd < fd ? leash_fd : fd), second = (unsigned) (leash_fd < fd ? fd : leash_fd);

    if (first > 0)
        (void) sys_close_range(0, first - 1, 0);
    if (second > first + 1)
        (void) sys_close_range(first + 1, second - 1, 0);
    (void) sys_close_range(second + 1, ~0u, 0);
}

/* KEPT_FD: -1 for all packet sockets. */
static void start(struct packet_closer *closer, int kept_fd)
{
    int leash[2];
    char byte;

    if (closer->leash_fd >= 0 || pipe2(leash, O_CLOEXEC) < 0)
        return;
    clone_forget_ended();

    pid_t pid = leash[0] < FD_MAX ? clone_silently() : -1;
    if (pid == 0) {
        if (kept_fd < 0)
            keep_packet_sockets(leash[0]);
        else
            keep_one(leash[0], kept_fd);
        /* until the caller lets go, or is no more */
        (void) !read(leash[0], &byte, 1);
        _exit(0);
    }
    (void) close(leash[0]);
    if (pid < 0)
        (void) close(leash[1]);
    else
        closer->leash_fd = leash[1];
}

void packet_closer_start(struct packet_closer *closer)
{
    start(closer, -1);
}

void packet_closer_start_for(struct packet_closer *closer, int fd)
{
    start(closer, fd);
}

void packet_closer_done(struct packet_closer *closer)
{
    fd_closep(&closer->leash_fd);
}
