/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address: requests about addresses and routes, and what the host has of both.
 *
 * The address_put_…() build one request each in a batch (netlink.h), so that all of one end of a cable is one system
 * call; a request of theirs that fails does no harm to those behind it.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/ip_prefix.h"
#include "net/interface_name.h"
#include "net/mac.h"
#include "net/netlink.h"

/* Sets a link up. What is 0 or NULL stays as it is. */
struct link_setup {
    int index;
    unsigned mtu;
    const struct mac *mac;
    bool forwards;              /* IPv4 packets that come in by it may go on */
    bool own_link_local;        /* no IPv6 address but those that are put */
};
void address_put_link(struct netlink_batch *batch, const struct link_setup *setup);

/* METRIC is that of the route to the network which comes with the address; 0: the kernel's. IPv6 addresses are usable
 * at once: nobody else on a link of ours can have them. */
void address_put(struct netlink_batch *batch, int index, const struct ip_prefix *address, unsigned metric);

/* A route to the network of TO, or a default route of GATEWAY's family when TO is NULL; by GATEWAY (NULL: on the link),
 * which need not be in a network of the link's. */
void address_put_route(struct netlink_batch *batch, int index, const struct ip_prefix *to,
                       const struct ip_prefix *gateway, unsigned metric);

/* The route to a network on the link as an address there brings it, without the address. It is the kernel's, as far as
 * systemd-networkd can see, which takes those of others away from links that it looks after. */
void address_put_network(struct netlink_batch *batch, int index, const struct ip_prefix *network);

/* A route that address_put_route() made without a gateway; one that is gone is success. */
int address_route_delete(struct netlink *netlink, int index, const struct ip_prefix *to, struct error **err);

/* fe80::/64 with the interface identifier that MAC gives (RFC 4291, appendix A); and the same in another /64. */
struct ip_prefix address_of_mac(const struct ip_prefix *network, struct mac mac);
struct ip_prefix address_link_local(struct mac mac);

/* What of IPv4 is everybody's (RFC 1918): the largest first, where small networks get lost. */
enum { ADDRESS_PRIVATE_BLOCKS = 3 };
extern const struct ip_prefix address_private_blocks[ADDRESS_PRIVATE_BLOCKS];

/* -- what there is -- */

/* A route of the host's, other than the default ones, in a part of the world that is private. */
struct host_route {
    struct ip_prefix to;
    int index;                  /* of the link it leads to; 0: to none */
};
struct host_routes {
    struct host_route *item;
    size_t count;
    int default_index;          /* of the link that the first default route leads to; 0: there is none */
};
/* IPv4, of all tables. */
int host_routes_read(struct netlink *netlink, struct host_routes *ret, struct error **err);
void host_routes_done(struct host_routes *routes);

/* Whether a route to another link than EXCEPT_INDEX shares addresses with PREFIX. */
bool host_routes_overlap(const struct host_routes *routes, const struct ip_prefix *prefix, int except_index);

/* The first private IPv4 network of link INDEX that has room for others; false when there is none. */
bool address_find_network(struct netlink *netlink, int index, struct ip_prefix *ret);
