/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses and routes, request by request. Attributes are those of rtnetlink(7). */
#include "net/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>

#include "base/mem.h"

/* Linux 4.18; C libraries may bring older headers. */
enum { ADDRESS_METRIC = 9 };

enum { DUMP_TRIES = 32 };

/* A host with the routes of all of the internet has few private ones. */
#define ROUTES_MAX 65536

static void put_inet(struct netlink_batch *batch, const struct link_setup *setup)
{
    size_t families = netlink_nest(batch, IFLA_AF_SPEC);

    if (setup->forwards) {
        size_t inet = netlink_nest(batch, AF_INET);
        size_t conf = netlink_nest(batch, IFLA_INET_CONF);

        netlink_put_u32(batch, IPV4_DEVCONF_FORWARDING, 1);
        netlink_nest_end(batch, conf);
        netlink_nest_end(batch, inet);
    }
    if (setup->own_link_local) {
        size_t inet6 = netlink_nest(batch, AF_INET6);

        netlink_put(batch, IFLA_INET6_ADDR_GEN_MODE, &(uint8_t){IN6_ADDR_GEN_MODE_NONE}, 1);
        netlink_nest_end(batch, inet6);
    }
    netlink_nest_end(batch, families);
}

void address_put_link(struct netlink_batch *batch, const struct link_setup *setup)
{
    const struct ifinfomsg info = {
        .ifi_family = AF_UNSPEC, .ifi_index = setup->index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

    netlink_begin(batch, RTM_NEWLINK, 0, &info, sizeof info);
    if (setup->mtu > 0)
        netlink_put_u32(batch, IFLA_MTU, setup->mtu);
    if (setup->mac)
        netlink_put(batch, IFLA_ADDRESS, setup->mac->byte, sizeof setup->mac->byte);
    if (setup->forwards || setup->own_link_local)
        put_inet(batch, setup);
}

/* All ones behind the prefix. */
static struct ip_prefix broadcast_of(const struct ip_prefix *address)
{
    return ip_prefix_host(address, address->length == 0 ? UINT32_MAX : (1u << (32 - address->length)) - 1);
}

void address_put(struct netlink_batch *batch, int index, const struct ip_prefix *address, unsigned metric)
{
    const struct ifaddrmsg header = {
        .ifa_family = address->family,
        .ifa_prefixlen = address->length,
        .ifa_scope = ip_address_is_link_local(address) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
        .ifa_index = (uint32_t) index,
        .ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0,
    };
    size_t size = ip_family_bytes(address->family);

    netlink_begin(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
    netlink_put(batch, IFA_LOCAL, address->byte, size);
    netlink_put(batch, IFA_ADDRESS, address->byte, size);
    if (address->family == AF_INET && address->length < 31)
        netlink_put(batch, IFA_BROADCAST, broadcast_of(address).byte, size);
    if (metric > 0)
        netlink_put_u32(batch, ADDRESS_METRIC, metric);
}

void address_put_route(struct netlink_batch *batch, int index, const struct ip_prefix *to,
                       const struct ip_prefix *gateway, unsigned metric)
{
    int family = to ? to->family : gateway->family;
    const struct rtmsg header = {
        .rtm_family = (uint8_t) family,
        .rtm_dst_len = to ? to->length : 0,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = gateway || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
        .rtm_type = RTN_UNICAST,
        .rtm_flags = gateway ? RTNH_F_ONLINK : 0,
    };

    netlink_begin(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    if (to) {
        struct ip_prefix network = ip_prefix_network(to);

        netlink_put(batch, RTA_DST, network.byte, ip_family_bytes(family));
    }
    if (gateway)
        netlink_put(batch, RTA_GATEWAY, gateway->byte, ip_family_bytes(family));
    netlink_put_u32(batch, RTA_OIF, (uint32_t) index);
    if (metric > 0)
        netlink_put_u32(batch, RTA_PRIORITY, metric);
}

void address_put_network(struct netlink_batch *batch, int index, const struct ip_prefix *network)
{
    const struct rtmsg header = {
        .rtm_family = network->family,
        .rtm_dst_len = network->length,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_KERNEL,
        .rtm_scope = network->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
        .rtm_type = RTN_UNICAST,
    };

    netlink_begin(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
    netlink_put(batch, RTA_DST, network->byte, ip_family_bytes(network->family));
    netlink_put_u32(batch, RTA_OIF, (uint32_t) index);
}

int address_route_delete(struct netlink *netlink, int index, const struct ip_prefix *to, struct error **err)
{
    const struct rtmsg header = {
        .rtm_family = to->family,
        .rtm_dst_len = to->length,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = RT_SCOPE_NOWHERE,
    };
    struct ip_prefix network = ip_prefix_network(to);
    struct netlink_batch batch;
    struct netlink_remark remark;
    char text[IP_PREFIX_TEXT_SIZE];

    netlink_batch_init(&batch);
    netlink_begin(&batch, RTM_DELROUTE, 0, &header, sizeof header);
    netlink_put(&batch, RTA_DST, network.byte, ip_family_bytes(to->family));
    netlink_put_u32(&batch, RTA_OIF, (uint32_t) index);
    int r = netlink_talk(netlink, &batch, NULL, NULL, &remark);
    return r == 0 || r == -ESRCH ? 0 : fail(err, -r, "cannot delete the route to %s", ip_prefix_format(to, text));
}

struct ip_prefix address_of_mac(const struct ip_prefix *network, struct mac mac)
{
    struct ip_prefix address = ip_prefix_network(network);
    const uint8_t *m = mac.byte;
    const uint8_t identifier[8] = {(uint8_t) (m[0] ^ 2), m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};

    memcpy(address.byte + 8, identifier, sizeof identifier);
    return address;
}

struct ip_prefix address_link_local(struct mac mac)
{
    static const struct ip_prefix network = {.family = AF_INET6, .length = 64, .byte = {0xfe, 0x80}};

    return address_of_mac(&network, mac);
}

/* -- what there is -- */

const struct ip_prefix address_private_blocks[ADDRESS_PRIVATE_BLOCKS] = {
    {.family = AF_INET, .length = 8, .byte = {10}},
    {.family = AF_INET, .length = 12, .byte = {172, 16}},
    {.family = AF_INET, .length = 16, .byte = {192, 168}},
};

static bool is_private(const struct ip_prefix *prefix)
{
    for (size_t i = 0; i < ADDRESS_PRIVATE_BLOCKS; i++)
        if (ip_prefix_overlaps(&address_private_blocks[i], prefix))
            return true;
    return false;
}

static void take_route(const struct nlmsghdr *message, void *data)
{
    struct host_routes *routes = data;
    const struct rtmsg *header = NLMSG_DATA(message);
    struct host_route route = {.to = {.family = AF_INET, .length = 0}};

    if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof *header) ||
        header->rtm_family != AF_INET || header->rtm_dst_len > 32)
        return;
    route.to.length = header->rtm_dst_len;

    int left = (int) RTM_PAYLOAD(message);
    for (const struct rtattr *a = RTM_RTA(header); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == RTA_DST && RTA_PAYLOAD(a) == 4)
            memcpy(route.to.byte, RTA_DATA(a), 4);
        if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) == sizeof route.index)
            memcpy(&route.index, RTA_DATA(a), sizeof route.index);
    }
    if (route.to.length == 0 && routes->default_index == 0)
        routes->default_index = route.index;
    if (route.to.length == 0 || !is_private(&route.to) || routes->count >= ROUTES_MAX)
        return;
    MEM_GROW(routes->item, routes->count);
    routes->item[routes->count++] = route;
}

int host_routes_read(struct netlink *netlink, struct host_routes *ret, struct error **err)
{
    const struct rtmsg all = {.rtm_family = AF_INET};
    struct netlink_remark remark;
    int r = -EAGAIN;

    for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
        CLEANUP(host_routes_done) struct host_routes routes = {0};
        struct netlink_batch batch;

        netlink_batch_init(&batch);
        netlink_begin(&batch, RTM_GETROUTE, NLM_F_DUMP, &all, sizeof all);
        r = netlink_talk(netlink, &batch, take_route, &routes, &remark);
        if (r == 0) {
            *ret = routes;
            routes = (struct host_routes){0};
        }
    }
    return r < 0 ? fail(err, -r, "cannot list the routes of the host") : 0;
}

void host_routes_done(struct host_routes *routes)
{
    free(routes->item);
    *routes = (struct host_routes){0};
}

bool host_routes_overlap(const struct host_routes *routes, const struct ip_prefix *prefix, int except_index)
{
    for (size_t i = 0; i < routes->count; i++)
        if ((routes->item[i].index != except_index || except_index == 0) &&
            ip_prefix_overlaps(&routes->item[i].to, prefix))
            return true;
    return false;
}

struct network_search {
    int index;
    struct ip_prefix found;
};

static void take_network(const struct nlmsghdr *message, void *data)
{
    struct network_search *search = data;
    const struct ifaddrmsg *header = NLMSG_DATA(message);
    struct ip_prefix address = {.family = AF_INET, .length = 0};

    if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof *header) ||
        header->ifa_family != AF_INET || (int) header->ifa_index != search->index || search->found.family ||
        header->ifa_prefixlen < 8 || header->ifa_prefixlen > 29)
        return;
    address.length = header->ifa_prefixlen;

    int left = (int) IFA_PAYLOAD(message);
    for (const struct rtattr *a = IFA_RTA(header); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFA_LOCAL && RTA_PAYLOAD(a) == 4)
            memcpy(address.byte, RTA_DATA(a), 4);
    if (is_private(&address))
        search->found = address;
}

bool address_find_network(struct netlink *netlink, int index, struct ip_prefix *ret)
{
    const struct ifaddrmsg all = {.ifa_family = AF_INET};
    struct netlink_remark remark;
    int r = -EAGAIN;

    for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
        struct network_search search = {.index = index};
        struct netlink_batch batch;

        netlink_batch_init(&batch);
        netlink_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &all, sizeof all);
        r = netlink_talk(netlink, &batch, take_network, &search, &remark);
        if (r == 0)
            *ret = search.found;
    }
    return r == 0 && ret->family != 0;
}
