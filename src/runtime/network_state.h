/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* network_state: what the supervisor's steps about the network share while a container starts. */
#pragma once

#include "net/netlink.h"
#include "net/zone.h"

/* Of what is set inside, from outside: behind what any client sets, which is 0, 100, 1024. */
enum { GUEST_METRIC = 4096 };

struct network {
    int netns_fd;               /* the container's */
    struct netlink host;        /* a socket of ours */
    struct mac_key key;
    bool hashed_names;
    struct zone_lock zone_lock; /* from the cable, or the look at what the host routes, to its addresses and rules */
    bool zone_is_new;           /* its bridge was made just now */
};

/* How names of interfaces and hardware addresses are made on this host. */
void network_names_init(struct network *network);
