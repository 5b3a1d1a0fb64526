/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "base/fd.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23       /* Linux 4.20 */
#endif

int packet_socket_hear_outgoing(int fd, bool hears)
{
    return setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int){!hears}, sizeof(int));
}

int packet_socket_open(int link_index, const struct sock_fprog *program, int *ret_fd, struct error **err)
{
    /* All kinds of frames, since those a bridge takes are given to no other socket; protocol 0 first, so that nothing
     * comes before the filter is there. */
    const struct sockaddr_ll link = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = link_index};
    auto_close int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, sizeof *program) < 0 ||
        packet_socket_hear_outgoing(fd, false) < 0 || bind(fd, (const struct sockaddr *) &link, sizeof link) < 0)
        return fail(err, errno, "cannot listen to the container's cable");
    *ret_fd = take_fd(&fd);
    return 0;
}
