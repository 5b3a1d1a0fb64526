/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forwarding: the switches of the kernel that let packets through the host, for the interfaces that need it.
 *
 * What comes from a container arrives at a link of ours, and that dies with its switches. What answers it arrives at
 * one of the host's uplinks; their switches are everybody's, so a ledger below /run says which machines hold one and
 * what it was before, and the last one to go puts it back. All that is changed is a switch's own interface, except for
 * IPv6 on kernels before 6.17, which know one switch for all.
 */
#pragma once

#include <stdbool.h>

#include "base/strings.h"
#include "base/undo.h"
#include "net/netlink.h"

/* One of our own links: forwards IPv6, and believes no router advertisements of its container. False when the kernel
 * or the host has no IPv6. (IPv4: address_put_link().) */
bool forwarding_prepare_link(const char *name);

/* The host's own address on the link NAME, which is not up yet, is good at once: nobody else there could have it. */
void forwarding_trust_address(const char *name);

/* Records the way back for MACHINE. Before the first forwarding_hold(). */
int forwarding_record(struct undo *undo, const char *machine, struct error **err);

/* Sees to it that packets that come in by the host's uplinks are forwarded; may be called again for uplinks that are
 * new. Under the zone's lock (zone.h). What cannot be switched is warned about, as others may have forbidden it. */
int forwarding_hold(struct netlink *netlink, const char *machine, bool with_ipv6, struct error **err);

/* forwarding-release MACHINE; takes the lock */
int undo_forwarding_release(const struct strings *args, struct error **err);
