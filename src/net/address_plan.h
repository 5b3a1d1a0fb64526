/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address_plan: which addresses a container's network gets, on both ends of its cable.
 *
 * A cable of its own ("ve-NAME") has a private IPv4 /28 and an IPv6 /64 for its two ends, a zone ("vz-ZONE") a /24 and
 * a /64 for all of its members. Both are hashed from the name, so they are the same at every start, and are moved on
 * only where the host routes that part of the world already.
 * The plan is made once per boot of the container, while the cable is laid (runtime/network_address.c), and does not
 * change while it runs. Who reads it: the packet filter, the resolver, the DHCP server and the router.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/ip_prefix.h"
#include "net/interface_name.h"
#include "net/mac.h"

#define ADDRESS_PLAN_EXTRAS 8
#define ADDRESS_PLAN_DNS 6

struct address_plan {
    /* Host's end: addresses, DHCP and router advertisements are ours. False where networkd manages the link, on a
     * bridge of somebody else, and for machines without a cable; then what a plan holds of IPv4 was said by
     * --network-address=, and is set inside only. */
    bool is_managed;

    /* Where networkd manages the link it is asked for IPv4, so guest4, host4 and gateway4 come while the container runs
     * (runtime/network_lease.c); and where it leaves IPv6 out, host6 is a network that is routed to the link, of which
     * the host itself has no address. */
    bool is_leased;
    bool has_foreign6;          /* it gives IPv6, too: which address, only it and the container know */

    char link[INTERFACE_NAME_SIZE];     /* "ve-NAME", "vb-NAME"; "" without a cable */
    char router[INTERFACE_NAME_SIZE];   /* where the host's addresses are: "ve-NAME" or "vz-ZONE"; "" unless managed */
    char gate[INTERFACE_NAME_SIZE];     /* by which the host reaches it: the router, or a bridge of somebody else */
    int link_index, router_index;
    struct mac guest_mac, router_mac;
    char guest_link[INTERFACE_NAME_SIZE];       /* "host0", or what else in the container gets the addresses */

    /* Family 0: there is none. The length is that of the network both are in. */
    struct ip_prefix host4, guest4;
    struct ip_prefix host6, guest6;             /* unique local (RFC 4193) unless static */
    struct ip_prefix router_local6;             /* the host's link-local address: the gateway that is advertised */
    struct ip_prefix extra[ADDRESS_PLAN_EXTRAS];        /* further addresses of the container's: static ones only */
    unsigned n_extra;
    bool is_static4, is_static6;                /* by --network-address= */

    /* Default routes inside; family 0: none. Host bits only. */
    struct ip_prefix gateway4, gateway6;

    /* --network-dns=, else what the resolver of the host's side fills in: for /etc/resolv.conf, DHCP and router
     * advertisements alike. */
    struct ip_prefix dns[ADDRESS_PLAN_DNS];
    unsigned n_dns;

    unsigned mtu;               /* of the uplink where it is less than 1500; 0: the kernel's */
};

/* All addresses of the container's, one after the other; false behind the last. */
bool address_plan_next(const struct address_plan *plan, unsigned *position, struct ip_prefix *ret);
