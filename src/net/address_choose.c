/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/address_choose.h"

#include <errno.h>
#include <string.h>

#include "base/id128.h"
#include "base/mem.h"

/* In a block of which the host routes half, all of them fail once in 2^64 starts. */
enum { TRIES = 64 };

static uint64_t hash(const struct mac_key *key, const char *what, const char *name, unsigned n)
{
    /* none of the words can have a newline in it */
    auto_free char *text = mem_format("network\n%s\n%s\n%u", what, name, n);

    return siphash24(text, strlen(text), key->byte);
}

int address_choose_network(const struct mac_key *key, const char *what, const char *name, unsigned length,
                           const struct host_routes *routes, struct ip_prefix *ret, struct error **err)
{
    for (size_t i = 0; i < ADDRESS_PRIVATE_BLOCKS; i++)
        for (unsigned n = 0; n < TRIES; n++) {
            const struct ip_prefix *block = &address_private_blocks[i];
            uint32_t room = 1u << (length - block->length);
            uint32_t place = (uint32_t) (hash(key, what, name, n) % room);
            struct ip_prefix network = ip_prefix_host(block, place << (32 - length));

            network.length = (uint8_t) length;
            if (!host_routes_overlap(routes, &network, 0)) {
                *ret = network;
                return 0;
            }
        }

    int r = fail_plain(err, EADDRNOTAVAIL, "no private IPv4 network is left that this host does not route already");
    fail_id(*err, "R2820");
    fail_hint(*err, "'ip route' lists what is taken; --network-address= gives the machine an address of your choice");
    return r;
}

struct ip_prefix address_choose_local(const struct mac_key *key, const char *what, const char *name)
{
    struct ip_prefix network = {.family = AF_INET6, .length = 64, .byte = {0xfd}};
    uint64_t bits = hash(key, what, name, 6);

    memcpy(network.byte + 1, &bits, 7);
    return network;
}

uint32_t address_choose_place(const struct mac_key *key, const char *name, unsigned n, uint32_t room)
{
    /* the first place by the hash, the others behind it: each is tried once */
    return (uint32_t) ((hash(key, "member", name, 0) + n) % room);
}
