/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links, request by request. Attributes are those of rtnetlink(7) and linux/if_link.h. */
#include "net/link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "base/clock.h"
#include "base/mem.h"

/* Linux 5.5; C libraries may bring older headers. */
enum { NEW_LINK_PROPERTY = 108, PROPERTY_LIST = 52, ALTERNATIVE_NAME = 53 };

enum { DUMP_TRIES = 32 };

/* "cannot WHAT NAME", and why, as far as the kernel says so in words. */
static int link_failed(struct error **err, int r, const struct netlink_remark *remark, const char *what,
                       const char *name)
{
    if (remark->text[0])
        return fail(err, -r, "cannot %s '%s': the kernel says \"%s\"", what, name, remark->text);
    return fail(err, -r, "cannot %s '%s'", what, name);
}

/* A kernel without the driver. It has tried to load the module by itself. */
static int kind_failed(struct error **err, int r, const struct netlink_remark *remark, const char *kind,
                       const char *name)
{
    if (r != -EOPNOTSUPP)
        return link_failed(err, r, remark, "make the interface", name);

    r = fail_plain(err, EOPNOTSUPP, "the kernel has no interfaces of the kind '%s'", kind);
    fail_id(*err, "R2801");
    if (strcmp(kind, "ipvlan") == 0)
        fail_hint(*err, "load it with 'modprobe ipvlan'; --network-macvlan= does much the same on most networks");
    else
        fail_hint(*err, "load it with 'modprobe %s'; a kernel without it cannot give a container this network", kind);
    return r;
}

static void begin_new(struct netlink_batch *batch, uint16_t flags, const struct ifinfomsg *info)
{
    netlink_batch_init(batch);
    netlink_begin(batch, RTM_NEWLINK, flags, info, sizeof *info);
}

/* -- looking -- */

static void read_kind(const struct rtattr *outer, struct link *link)
{
    int left = RTA_PAYLOAD(outer);

    for (const struct rtattr *a = RTA_DATA(outer); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFLA_INFO_KIND)
            (void) snprintf(link->kind, sizeof link->kind, "%.*s", (int) RTA_PAYLOAD(a), (const char *) RTA_DATA(a));
}

static void read_link(const struct nlmsghdr *message, void *data)
{
    struct link *link = data;
    const struct ifinfomsg *info = NLMSG_DATA(message);

    if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
        return;
    *link = (struct link){.index = info->ifi_index, .is_up = info->ifi_flags & IFF_UP};

    int left = (int) IFLA_PAYLOAD(message);
    for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        size_t size = RTA_PAYLOAD(a);

        switch (a->rta_type & NLA_TYPE_MASK) {
        case IFLA_IFNAME:
            (void) snprintf(link->name, sizeof link->name, "%.*s", (int) size, (const char *) RTA_DATA(a));
            break;
        case IFLA_ADDRESS:
            if (size == sizeof link->mac.byte)
                memcpy(link->mac.byte, RTA_DATA(a), size);
            break;
        case IFLA_MASTER:
            if (size == sizeof link->master)
                memcpy(&link->master, RTA_DATA(a), size);
            break;
        case IFLA_OPERSTATE:
            link->is_operational = size == 1 && *(const uint8_t *) RTA_DATA(a) == IF_OPER_UP;
            break;
        case IFLA_MTU:
            if (size == sizeof link->mtu)
                memcpy(&link->mtu, RTA_DATA(a), size);
            break;
        case IFLA_LINKINFO:
            read_kind(a, link);
            break;
        default:
            break;
        }
    }
}

static void put_lookup(struct netlink_batch *batch, int index, const char *name)
{
    const struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};

    netlink_begin(batch, RTM_GETLINK, 0, &info, sizeof info);
    if (name)           /* matches alternative names, too */
        netlink_put_string(batch, IFLA_IFNAME, name);
    netlink_put_u32(batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

static int find(struct netlink *netlink, int index, const char *name, struct link *ret)
{
    struct netlink_batch batch;
    struct netlink_remark remark;
    struct link link = {0};

    netlink_batch_init(&batch);
    put_lookup(&batch, index, name);
    int r = netlink_talk(netlink, &batch, read_link, &link, &remark);
    if (r == 0 && link.index == 0)
        r = -ENODEV;
    if (r == 0)
        *ret = link;
    return r;
}

/* Any socket will do for these, ours is of the right namespace. */
int link_index(const struct netlink *netlink, const char *name)
{
    struct ifreq request = {0};

    (void) snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    return ioctl(netlink->fd, SIOCGIFINDEX, &request) < 0 ? 0 : request.ifr_ifindex;
}

unsigned link_mtu(const struct netlink *netlink, int index)
{
    struct ifreq request = {.ifr_ifindex = index};

    if (ioctl(netlink->fd, SIOCGIFNAME, &request) < 0 || ioctl(netlink->fd, SIOCGIFMTU, &request) < 0)
        return 0;
    return (unsigned) request.ifr_mtu;
}

int link_find(struct netlink *netlink, const char *name, struct link *ret, struct error **err)
{
    /* what the kernel would take for a name that is none */
    int r = strlen(name) > INTERFACE_NAME_MAX ? -ENODEV : find(netlink, 0, name, ret);

    if (r == 0)
        return 0;
    r = fail(err, -r, "Failed to resolve interface \"%s\"", name);
    fail_id(*err, "R2806");
    fail_hint(*err, "'ip link' lists the interfaces of the host; one that a container has comes back when that ends");
    return r;
}

int link_find_index(struct netlink *netlink, int index, struct link *ret, struct error **err)
{
    int r = find(netlink, index, NULL, ret);

    return r < 0 ? fail(err, -r, "cannot find interface number %d", index) : 0;
}

/* -- making -- */

static void put_mac(struct netlink_batch *batch, struct mac mac)
{
    netlink_put(batch, IFLA_ADDRESS, mac.byte, sizeof mac.byte);
}

int link_make_veth(struct netlink *netlink, const struct veth *veth, int *ret_index, struct error **err)
{
    const struct ifinfomsg peer = {.ifi_family = AF_UNSPEC};
    const unsigned up = veth->bridge || veth->is_up ? IFF_UP : 0;
    struct netlink_batch batch;
    struct netlink_remark remark;
    struct link host = {0};

    begin_new(&batch, NLM_F_CREATE | NLM_F_EXCL,
              &(struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_flags = up, .ifi_change = up});
    netlink_put_string(&batch, IFLA_IFNAME, veth->host_name);
    put_mac(&batch, veth->host_mac);
    if (veth->bridge)
        netlink_put_u32(&batch, IFLA_MASTER, (uint32_t) veth->bridge);

    size_t info = netlink_nest(&batch, IFLA_LINKINFO);
    netlink_put_string(&batch, IFLA_INFO_KIND, "veth");
    size_t data = netlink_nest(&batch, IFLA_INFO_DATA);
    /* the peer is an attribute that begins with a header of its own */
    size_t inside = batch.used;
    netlink_put(&batch, VETH_INFO_PEER, &peer, sizeof peer);
    netlink_put_string(&batch, IFLA_IFNAME, veth->container_name);
    put_mac(&batch, veth->container_mac);
    netlink_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t) veth->netns_fd);
    netlink_nest_end(&batch, inside);
    netlink_nest_end(&batch, data);
    netlink_nest_end(&batch, info);

    put_lookup(&batch, 0, veth->host_name);
    int r = netlink_talk(netlink, &batch, read_link, &host, &remark);
    if (r < 0)
        return kind_failed(err, r, &remark, "veth", veth->host_name);
    *ret_index = host.index;
    return 0;
}

/* What macvlan and ipvlan share. MODE is that of their IFLA_…_MODE. */
static int make_derived(struct netlink *netlink, const char *kind, int parent, const char *name, const struct mac *mac,
                        uint16_t mode_type, const void *mode, size_t mode_size, int netns_fd, struct error **err)
{
    struct netlink_batch batch;
    struct netlink_remark remark;

    begin_new(&batch, NLM_F_CREATE | NLM_F_EXCL, &(struct ifinfomsg){.ifi_family = AF_UNSPEC});
    netlink_put_string(&batch, IFLA_IFNAME, name);
    if (mac)
        put_mac(&batch, *mac);
    netlink_put_u32(&batch, IFLA_LINK, (uint32_t) parent);
    netlink_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t) netns_fd);

    size_t info = netlink_nest(&batch, IFLA_LINKINFO);
    netlink_put_string(&batch, IFLA_INFO_KIND, kind);
    size_t data = netlink_nest(&batch, IFLA_INFO_DATA);
    netlink_put(&batch, mode_type, mode, mode_size);
    netlink_nest_end(&batch, data);
    netlink_nest_end(&batch, info);

    int r = netlink_talk(netlink, &batch, NULL, NULL, &remark);
    return r < 0 ? kind_failed(err, r, &remark, kind, name) : 0;
}

int link_make_macvlan(struct netlink *netlink, int parent, const char *name, struct mac mac, int netns_fd,
                      struct error **err)
{
    /* containers of one parent reach each other */
    static const uint32_t mode = MACVLAN_MODE_BRIDGE;

    return make_derived(netlink, "macvlan", parent, name, &mac, IFLA_MACVLAN_MODE, &mode, sizeof mode, netns_fd, err);
}

int link_make_ipvlan(struct netlink *netlink, int parent, const char *name, int netns_fd, struct error **err)
{
    static const uint16_t mode = IPVLAN_MODE_L2;

    return make_derived(netlink, "ipvlan", parent, name, NULL, IFLA_IPVLAN_MODE, &mode, sizeof mode, netns_fd, err);
}

int link_make_bridge(struct netlink *netlink, const char *name, const struct mac *mac, struct error **err)
{
    struct netlink_batch batch;
    struct netlink_remark remark;

    begin_new(&batch, NLM_F_CREATE | NLM_F_EXCL, &(struct ifinfomsg){.ifi_family = AF_UNSPEC});
    netlink_put_string(&batch, IFLA_IFNAME, name);
    if (mac)
        put_mac(&batch, *mac);
    size_t info = netlink_nest(&batch, IFLA_LINKINFO);
    netlink_put_string(&batch, IFLA_INFO_KIND, "bridge");
    netlink_nest_end(&batch, info);

    int r = netlink_talk(netlink, &batch, NULL, NULL, &remark);
    return r < 0 ? kind_failed(err, r, &remark, "bridge", name) : 0;
}

/* -- changing -- */

/* Sends a request about a link that is there. */
static int change(struct netlink *netlink, struct netlink_batch *batch, const char *what, const char *name,
                  struct error **err)
{
    struct netlink_remark remark;
    int r = netlink_talk(netlink, batch, NULL, NULL, &remark);

    return r < 0 ? link_failed(err, r, &remark, what, name) : 0;
}

static const char *name_of_index(struct netlink *netlink, int index, char buffer[INTERFACE_NAME_SIZE])
{
    struct link link;

    (void) snprintf(buffer, INTERFACE_NAME_SIZE, "%d", index);
    if (find(netlink, index, NULL, &link) == 0)
        memcpy(buffer, link.name, INTERFACE_NAME_SIZE);
    return buffer;
}

int link_move(struct netlink *netlink, const struct link *link, int netns_fd, const char *name, struct error **err)
{
    struct netlink_batch batch;
    struct netlink_remark remark;

    begin_new(&batch, 0, &(struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_index = link->index});
    netlink_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t) netns_fd);
    netlink_put_string(&batch, IFLA_IFNAME, name);

    int r = netlink_talk(netlink, &batch, NULL, NULL, &remark);
    if (r == 0)
        return 0;
    (void) link_failed(err, r, &remark, "move the interface", link->name);
    fail_id(*err, "R2802");
    if (r == -EINVAL)
        fail_hint(*err, "the kernel keeps loopback, tunnel and some other devices in their namespace; a wireless one "
                        "moves with its radio: 'iw phy PHY set netns PID'");
    else if (r == -EEXIST)
        fail_hint(*err, "the name '%s' is taken where it goes; give another one, as in --network-interface=HOST:INSIDE",
                  name);
    return r;
}

int link_set_up(struct netlink *netlink, int index, struct error **err)
{
    struct netlink_batch batch;
    char name[INTERFACE_NAME_SIZE];

    begin_new(&batch, 0, &(struct ifinfomsg){
                             .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP});
    (void) snprintf(name, sizeof name, "%d", index);
    return change(netlink, &batch, "set up the interface", name, err);
}

int link_join_bridge(struct netlink *netlink, int index, int bridge, struct error **err)
{
    struct netlink_batch batch;
    char name[INTERFACE_NAME_SIZE];

    begin_new(&batch, 0, &(struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_index = index});
    netlink_put_u32(&batch, IFLA_MASTER, (uint32_t) bridge);
    return change(netlink, &batch, "make a port of a bridge of", name_of_index(netlink, index, name), err);
}

static void hear_link(const struct nlmsghdr *message, void *data)
{
    struct link heard = {0}, *link = data;

    read_link(message, &heard);
    if (heard.index == link->index)
        *link = heard;
}

void link_await_operational(struct netlink *netlink, int index, int limit_ms)
{
    CLEANUP(netlink_close) struct netlink monitor = {.fd = -1};
    auto_error struct error *ignored = NULL;
    const int64_t until_ms = clock_ms() + limit_ms;
    struct link link = {0};

    /* it listens first, so that nothing happens between the look and the wait */
    if (netlink_open(&monitor, &ignored) < 0 || netlink_listen(&monitor, RTMGRP_LINK, &ignored) < 0 ||
        link_find_index(netlink, index, &link, &ignored) < 0)
        return;
    for (int64_t left_ms = limit_ms; !link.is_operational && left_ms > 0; left_ms = until_ms - clock_ms()) {
        struct pollfd polled = {.fd = monitor.fd, .events = POLLIN};

        if (poll(&polled, 1, (int) left_ms) > 0)
            (void) netlink_hear(&monitor, hear_link, &link);
    }
}

static void put_loopback_routing(struct netlink_batch *batch)
{
    size_t families = netlink_nest(batch, IFLA_AF_SPEC);
    size_t inet = netlink_nest(batch, AF_INET);
    size_t conf = netlink_nest(batch, IFLA_INET_CONF);

    netlink_put_u32(batch, IPV4_DEVCONF_ROUTE_LOCALNET, 1);
    netlink_put_u32(batch, IPV4_DEVCONF_SEND_REDIRECTS, 0);
    netlink_nest_end(batch, conf);
    netlink_nest_end(batch, inet);
    netlink_nest_end(batch, families);
}

int link_set_group(struct netlink *netlink, int index, uint32_t group, bool routes_loopback, struct error **err)
{
    struct netlink_batch batch;
    char name[INTERFACE_NAME_SIZE];

    begin_new(&batch, 0, &(struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_index = index});
    netlink_put_u32(&batch, IFLA_GROUP, group);
    if (routes_loopback)
        put_loopback_routing(&batch);
    (void) snprintf(name, sizeof name, "%d", index);
    return change(netlink, &batch, "set the group of the interface", name, err);
}

int link_add_altname(struct netlink *netlink, int index, const char *name, struct error **err)
{
    const struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};
    struct netlink_batch batch;

    netlink_batch_init(&batch);
    netlink_begin(&batch, NEW_LINK_PROPERTY, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, &info, sizeof info);
    size_t list = netlink_nest(&batch, PROPERTY_LIST | NLA_F_NESTED);
    netlink_put_string(&batch, ALTERNATIVE_NAME, name);
    netlink_nest_end(&batch, list);
    return change(netlink, &batch, "add the alternative name", name, err);
}

/* -- removing -- */

struct watched_link {
    int index;
    bool is_gone;
};

static void look_for_end(const struct nlmsghdr *message, void *data)
{
    struct watched_link *watched = data;
    const struct ifinfomsg *info = NLMSG_DATA(message);

    /* a bridge tells by the same message that a port has left it */
    if (message->nlmsg_type == RTM_DELLINK && message->nlmsg_len >= NLMSG_LENGTH(sizeof *info) &&
        info->ifi_family == AF_UNSPEC && info->ifi_index == watched->index)
        watched->is_gone = true;
}

/* Waits until the link is gone, TIMEOUT_MS are over, or NETLINK (-1: none) has an answer. */
static int await_end(struct netlink *monitor, struct watched_link *watched, int answer_fd, int timeout_ms)
{
    while (!watched->is_gone) {
        struct pollfd fds[] = {{.fd = monitor->fd, .events = POLLIN}, {.fd = answer_fd, .events = POLLIN}};
        int n = poll(fds, COUNT_OF(fds), timeout_ms);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0 || (n > 0 && fds[1].revents))
            return 0;
        /* what was missed may have been the word that is waited for: then the answer alone counts */
        if (n > 0 && netlink_hear(monitor, look_for_end, watched) < 0) {
            if (answer_fd < 0)
                return 0;
            netlink_close(monitor);
        }
    }
    return 0;
}

/* By a process that waits in our place. It is given a moment to end: where the link just goes by itself, it does. */
static int delete_aside(struct netlink *netlink, struct netlink *monitor, struct watched_link *watched,
                        struct netlink_batch *batch, struct netlink_remark *remark)
{
    enum { MOMENT_MS = 1 };
    pid_t pid;

    int r = netlink_send_aside(netlink, batch, &pid);
    if (r == 0)
        r = await_end(monitor, watched, netlink->fd, -1);
    if (r < 0)
        return r;

    struct pollfd answer = {.fd = netlink->fd, .events = POLLIN};
    if (watched->is_gone && poll(&answer, 1, MOMENT_MS) == 0)
        return 0;
    r = netlink_read_result(netlink, remark);
    if (pid > 0)
        (void) waitpid(pid, NULL, __WCLONE);
    return r;
}

int link_delete(struct netlink *netlink, int index, enum link_end end, struct error **err)
{
    enum { PATIENCE_MS = 1 };
    CLEANUP(netlink_close) struct netlink monitor = {.fd = -1};
    const struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};
    struct watched_link watched = {.index = index};
    struct netlink_batch batch;
    struct netlink_remark remark = {0};
    char name[INTERFACE_NAME_SIZE];
    struct link link;
    int r = 0;

    if (netlink_open(&monitor, err) < 0 || netlink_listen(&monitor, RTMGRP_LINK, err) < 0)
        return -error_code(*err);
    r = find(netlink, index, NULL, &link);
    if (r == 0 && end == LINK_ENDS_SOON)
        r = await_end(&monitor, &watched, -1, PATIENCE_MS);
    if (r == 0 && !watched.is_gone) {
        netlink_batch_init(&batch);
        netlink_begin(&batch, RTM_DELLINK, 0, &info, sizeof info);
        r = delete_aside(netlink, &monitor, &watched, &batch, &remark);
    }
    if (r == 0 || r == -ENODEV)
        return 0;
    return link_failed(err, r, &remark, "delete the interface", name_of_index(netlink, index, name));
}

/* -- ports -- */

struct port_search {
    int bridge;
    bool found;
};

static void look_for_port(const struct nlmsghdr *message, void *data)
{
    struct port_search *search = data;
    struct link link = {0};

    read_link(message, &link);
    /* the filter is a request; what is no port may be listed as well */
    if (link.index && link.master == search->bridge)
        search->found = true;
}

int link_has_ports(struct netlink *netlink, int index, bool *ret, struct error **err)
{
    const struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
    char name[INTERFACE_NAME_SIZE];
    struct netlink_remark remark;
    int r = -EAGAIN;

    for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
        struct port_search search = {.bridge = index};
        struct netlink_batch batch;

        netlink_batch_init(&batch);
        netlink_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &info, sizeof info);
        netlink_put_u32(&batch, IFLA_MASTER, (uint32_t) index);
        netlink_put_u32(&batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        r = netlink_talk(netlink, &batch, look_for_port, &search, &remark);
        if (r == 0)
            *ret = search.found;
    }
    return r < 0 ? link_failed(err, r, &remark, "list the ports of", name_of_index(netlink, index, name)) : 0;
}
