/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ip_prefix: an IPv4 or IPv6 address and how much of it is the network's: "10.4.0.2/28", "fd00::2/64".
 *
 * The bits behind the prefix are kept, so the same thing is an interface's address and, ip_prefix_network() taken, the
 * network it is in. A plain address is a prefix of all its bits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define IP_PREFIX_TEXT_SIZE 50

struct ip_prefix {
    uint8_t family;             /* AF_INET or AF_INET6; 0: none */
    uint8_t length;
    uint8_t byte[16];           /* network order; IPv4 has the first four, the rest is zero */
};

struct ip_prefixes {
    struct ip_prefix *item;
    size_t count;
};

/* With "/LENGTH" or without. -EINVAL for what is no address or has a bad length. */
int ip_prefix_parse(const char *text, struct ip_prefix *ret);

/* Prints with "/LENGTH"; the other one without. Both give RET back. */
const char *ip_prefix_format(const struct ip_prefix *prefix, char ret[IP_PREFIX_TEXT_SIZE]);
const char *ip_address_format(const struct ip_prefix *prefix, char ret[IP_PREFIX_TEXT_SIZE]);

unsigned ip_family_bits(int family);            /* 32 or 128 */
size_t ip_family_bytes(int family);             /* 4 or 16 */

/* The same prefix with the bits behind it zero. */
struct ip_prefix ip_prefix_network(const struct ip_prefix *prefix);

/* The address alone: a prefix of all bits. */
struct ip_prefix ip_prefix_address(const struct ip_prefix *prefix);

/* The address OFFSET behind the beginning of the network, with the length of PREFIX. OFFSET fits the host bits. */
struct ip_prefix ip_prefix_host(const struct ip_prefix *prefix, uint32_t offset);

/* Whether INNER is in the network of OUTER, itself included; whether they share an address. False across families. */
bool ip_prefix_contains(const struct ip_prefix *outer, const struct ip_prefix *inner);
bool ip_prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b);

/* All bits and the length. */
bool ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b);

/* The same address, whatever the lengths. */
bool ip_address_equal(const struct ip_prefix *a, const struct ip_prefix *b);

/* What an interface can have for its own: neither unspecified, loopback nor multicast. */
bool ip_address_is_usable(const struct ip_prefix *prefix);

bool ip_address_is_link_local(const struct ip_prefix *prefix);

void ip_prefixes_add(struct ip_prefixes *list, const struct ip_prefix *prefix);
void ip_prefixes_done(struct ip_prefixes *list);
