/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * networkd: whether systemd-networkd looks after a link of ours on this host.
 *
 * It does when it runs in our network namespace and one of its files matches the link, as 80-container-ve.network,
 * which comes with it, does. Then addresses, DHCP and the rest are its business and none of ours: two who answer one
 * container are worse than none.
 */
#pragma once

#include <stdbool.h>

#include "net/mac.h"

struct networkd_link {
    const char *name;           /* "ve-web" */
    const char *kind;           /* "veth", "bridge" */
    struct mac mac;
};

/* On a host without it this costs one look at a folder. */
bool networkd_manages(const struct networkd_link *link);

/* -- for the tests -- */

enum networkd_match { NETWORKD_OTHER, NETWORKD_MATCHES, NETWORKD_UNMANAGED };

/* What the text of a .network file says of LINK. */
enum networkd_match networkd_file_match(const char *text, const struct networkd_link *link);
