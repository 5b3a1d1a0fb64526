/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address_choose: private networks for cables and zones, by their names.
 *
 * A keyed hash of the name says where in the private address space a network is (mac.h has the key), so it is the same
 * at every start and on two hosts most likely another. Where the host has routes there already, the next hash is tried:
 * 10.0.0.0/8 first, where small networks get lost, then 172.16.0.0/12, then 192.168.0.0/16.
 */
#pragma once

#include "net/address.h"

/* The IPv4 network of LENGTH for the thing of kind WHAT ("cable", "zone") that is called NAME. -EADDRNOTAVAIL. */
int address_choose_network(const struct mac_key *key, const char *what, const char *name, unsigned length,
                           const struct host_routes *routes, struct ip_prefix *ret, struct error **err);

/* The unique local IPv6 /64 (RFC 4193). Its 56 random bits are as good as a promise, so nothing is looked up. */
struct ip_prefix address_choose_local(const struct mac_key *key, const char *what, const char *name);

/* Where in a network with ROOM places NAME is tried for the N-th time: 0 <= result < ROOM. */
uint32_t address_choose_place(const struct mac_key *key, const char *name, unsigned n, uint32_t room);
