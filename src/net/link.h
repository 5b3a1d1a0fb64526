/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link: the network interfaces of a host, made, moved and removed.
 *
 * What a container gets is made inside its network namespace at once, under its final name, so that no name of the
 * host's is used up on the way and nobody on the host sees it. All calls take a socket of the namespace that the link
 * is in or is made from; what has to be remembered for the way back is the caller's business (leftover.h).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "net/interface_name.h"
#include "net/mac.h"
#include "net/netlink.h"

/* What the kernel tells of one. */
struct link {
    int index;
    int master;                 /* index of the bridge it is a port of; 0: none */
    unsigned mtu;
    bool is_up;
    bool is_operational;        /* up, and so is the other end of the cable; the kernel notices a moment later */
    char name[INTERFACE_NAME_SIZE];
    char kind[16];              /* "veth", "bridge"; "" for hardware */
    struct mac mac;
};

/* By name or alternative name, or by index. -ENODEV when there is none. */
int link_find(struct netlink *netlink, const char *name, struct link *ret, struct error **err);
int link_find_index(struct netlink *netlink, int index, struct link *ret, struct error **err);

/* The two of them that are asked for at each start, without the kernel's lock on all of the network, which may be held
 * for long. Only the index: by name or alternative name; 0: there is none. The MTU: 0 for a link that is not there. */
int link_index(const struct netlink *netlink, const char *name);
unsigned link_mtu(const struct netlink *netlink, int index);

/* A virtual cable. */
struct veth {
    const char *host_name;
    struct mac host_mac;
    int bridge;                 /* index of the bridge the host end becomes a port of, and is set up for; 0: none */
    bool is_up;                 /* the host end is set up without one, too */
    const char *container_name;
    struct mac container_mac;
    int netns_fd;               /* where the container end is */
};

/* Gives the host end's index. -EEXIST where one of the names is taken. */
int link_make_veth(struct netlink *netlink, const struct veth *veth, int *ret_index, struct error **err);

/* A second interface NAME in NETNS_FD on the cable of PARENT. -EOPNOTSUPP where the kernel has none of the kind. */
int link_make_macvlan(struct netlink *netlink, int parent, const char *name, struct mac mac, int netns_fd,
                      struct error **err);
int link_make_ipvlan(struct netlink *netlink, int parent, const char *name, int netns_fd, struct error **err);

/* With an address of its own; NULL: that of the least of its ports. The former has its carrier with the first port that
 * has one; the latter has one as long as there are no ports. -EEXIST where the name is taken. */
int link_make_bridge(struct netlink *netlink, const char *name, const struct mac *mac, struct error **err);

/* Puts it into a group, by which rules of the packet filter know it. ROUTES_LOOPBACK: packets from and to 127.0.0.0/8
 * may go through it (route_localnet; the rules see to it that none comes from there), and nobody who sends one out
 * where it came from is told of a shorter way. */
int link_set_group(struct netlink *netlink, int index, uint32_t group, bool routes_loopback, struct error **err);

/* Moves LINK to NETNS_FD, where it is called NAME and is down. -EEXIST where NAME is taken there; then it is in one of
 * the two namespaces under the name it had. */
int link_move(struct netlink *netlink, const struct link *link, int netns_fd, const char *name, struct error **err);

int link_set_up(struct netlink *netlink, int index, struct error **err);

/* Makes a link that is up a port of BRIDGE. */
int link_join_bridge(struct netlink *netlink, int index, int bridge, struct error **err);

/* Until the link is operational, LIMIT_MS at most. NETLINK is a socket of the process's own namespace. */
void link_await_operational(struct netlink *netlink, int index, int limit_ms);
int link_add_altname(struct netlink *netlink, int index, const char *name, struct error **err);

/* One that is gone is success. NETLINK is a socket of the process's own namespace.
 *
 * The kernel answers a request to delete only when nothing remembers the link, 20 to 40 ms after it is off the list and
 * its name free. So it is asked by a process made for it, and this returns as soon as the link is off the list. A
 * cable whose other end's namespace is ending (LINK_ENDS_SOON) goes by itself within a millisecond, unless the kernel
 * has other namespaces to end before: that is waited for first. */
enum link_end { LINK_STAYS, LINK_ENDS_SOON };
int link_delete(struct netlink *netlink, int index, enum link_end end, struct error **err);

/* Whether bridge INDEX has ports. */
int link_has_ports(struct netlink *netlink, int index, bool *ret, struct error **err);
