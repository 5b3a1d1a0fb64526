/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zone_members: which network a zone has and which of its addresses each member.
 *
 * The members that run are listed in a file below /run as long as the zone lives. Which address a machine had is
 * remembered in another one below /var/lib, so that it gets the same again, also after a reboot of the host; what is
 * remembered of machines that do not run is given up, oldest first, when the zone has no other address left.
 * All calls are made under the zone's lock (zone.h), but for the undo, which takes it.
 */
#pragma once

#include "base/strings.h"
#include "base/undo.h"
#include "net/address.h"

/* The host's address in ZONE, with the length of the network; family 0 when nobody runs in it. */
int zone_members_network(const char *zone, struct ip_prefix *ret, struct error **err);

struct zone_entry {
    const char *zone, *machine;
    struct ip_prefix host;      /* the host's address in it */
    struct ip_prefix wanted;    /* family 0: any */
    bool is_fleeting;           /* not remembered: nobody of this name comes again */
};

/* Records the way back and enters the machine. Gives its address, with the length of the network.
 * -EADDRINUSE: the wanted one is another member's; -EADDRNOTAVAIL: the zone is full. */
int zone_members_enter(struct undo *undo, const struct zone_entry *entry, const struct mac_key *key,
                       struct ip_prefix *ret, struct error **err);

/* zone-leave ZONE MACHINE */
int undo_zone_leave(const struct strings *args, struct error **err);
