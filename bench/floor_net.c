/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floor's network: the loopback device, and a veth pair by one netlink message. */
#include "floor.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
    struct nlmsghdr header;
    struct ifinfomsg info;
    char attributes[256];
};

void net_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        floor_die("bring up the loopback device");
    (void) close(fd);
}

/* Appends an attribute; its length grows when others are put into it. */
static struct rtattr *put(struct message *message, unsigned short type, const void *data, size_t size)
{
    struct rtattr *attribute = (struct rtattr *) ((char *) message + NLMSG_ALIGN(message->header.nlmsg_len));

    attribute->rta_type = type;
    attribute->rta_len = (unsigned short) RTA_LENGTH(size);
    if (size > 0)
        memcpy(RTA_DATA(attribute), data, size);
    message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
    return attribute;
}

static void end(const struct message *message, struct rtattr *nest)
{
    nest->rta_len = (unsigned short) ((const char *) message + message->header.nlmsg_len - (char *) nest);
}

void net_veth_create(const char *name, const char *peer, int peer_netns_fd)
{
    struct message message = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                   .nlmsg_type = RTM_NEWLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK},
    };
    const struct ifinfomsg peer_info = {0};

    put(&message, IFLA_IFNAME, name, strlen(name) + 1);
    struct rtattr *link = put(&message, IFLA_LINKINFO, NULL, 0);
    put(&message, IFLA_INFO_KIND, "veth", sizeof("veth"));
    struct rtattr *data = put(&message, IFLA_INFO_DATA, NULL, 0);
    struct rtattr *other = put(&message, VETH_INFO_PEER, &peer_info, sizeof(peer_info));
    put(&message, IFLA_IFNAME, peer, strlen(peer) + 1);
    put(&message, IFLA_NET_NS_FD, &peer_netns_fd, sizeof(peer_netns_fd));
    end(&message, other);
    end(&message, data);
    end(&message, link);

    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char request[sizeof(struct message)];
    } answer;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0 || send(fd, &message, message.header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
        floor_die("talk to the kernel about links");
    errno = -answer.error.error;
    if (errno != 0)
        floor_die("create a veth pair");
    (void) close(fd);
}
