/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * networkd: whether systemd-networkd looks after a link of ours on this host.
 *
 * It does when it runs in our network namespace and one of its files matches the link, as 80-container-ve.network,
 * which comes with it, does. Then addresses, DHCP and the rest are its business and none of ours: two who answer one
 * container are worse than none. What it leaves out is another matter (runtime/network_lease.c).
 */
#pragma once

#include <stdbool.h>

#include "net/mac.h"

struct networkd_link {
    const char *name;           /* "ve-web" */
    const char *kind;           /* "veth", "bridge" */
    struct mac mac;
};

/* What its file says of a link. */
enum networkd_match { NETWORKD_OTHER, NETWORKD_MATCHES, NETWORKD_UNMANAGED };
struct networkd_file {
    enum networkd_match match;
    bool serves_dhcp; /* it gives IPv4 addresses to those who ask */
    bool leaves_ipv6; /* no IPv6 address but the link's own, and no prefix for the other end */
};

/* Whether it looks after LINK, and how. On a host without it this costs one look at a folder. */
bool networkd_manages(const struct networkd_link *link, struct networkd_file *ret);

/* -- for the tests -- */

/* TEXT is that of a .network file, with those of its additions behind it. */
struct networkd_file networkd_file_read(const char *text, const struct networkd_link *link);
