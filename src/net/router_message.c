/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By offsets, as RFC 4861 draws them. */
#include "net/router_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_ether.h>

#include "net/checksum.h"

enum { ETHERNET = 14, IPV6 = 40, PROTOCOL_ICMPV6 = 58, HOPS = 255 };
enum { SOLICITATION = 133, ADVERTISEMENT = 134, SOLICITATION_SIZE = 8, ADVERTISEMENT_SIZE = 16 };
enum { OPTION_SOURCE_MAC = 1, OPTION_PREFIX = 3, OPTION_MTU = 5, OPTION_DNS = 25 };
enum { ON_LINK = 0x80, AUTONOMOUS = 0x40 };

/* Three times as long as it takes until the next one comes. */
enum { LIFETIME_S = 1800, VALID_S = 30 * 86400, PREFERRED_S = 7 * 86400 };

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t) (at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t) (value >> 8);
    at[1] = (uint8_t) value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static bool is_unspecified(const uint8_t address[16])
{
    static const uint8_t zero[16];

    return memcmp(address, zero, sizeof zero) == 0;
}

/* Whose hardware address is said although there is none to reach it by breaks the rules, as do options of no length. */
static int check_options(const uint8_t *at, size_t size, bool has_source)
{
    while (size > 0) {
        if (size < 2 || at[1] == 0 || 8 * (size_t) at[1] > size || (at[0] == OPTION_SOURCE_MAC && !has_source))
            return -EBADMSG;
        size -= 8 * (size_t) at[1];
        at += 8 * (size_t) at[1];
    }
    return 0;
}

int router_solicitation_parse(const void *frame, size_t size, struct router_solicitation *ret)
{
    const uint8_t *ethernet = frame, *ip = ethernet + ETHERNET, *icmp = ip + IPV6;

    if (size < ETHERNET + IPV6 + SOLICITATION_SIZE || get16(ethernet + 12) != ETH_P_IPV6 || ip[0] >> 4 != 6 ||
        ip[6] != PROTOCOL_ICMPV6 || ip[7] != HOPS || icmp[0] != SOLICITATION || icmp[1] != 0)
        return -EBADMSG;

    size_t length = get16(ip + 4);
    if (length < SOLICITATION_SIZE || length > size - ETHERNET - IPV6 ||
        check_options(icmp + SOLICITATION_SIZE, length - SOLICITATION_SIZE, !is_unspecified(ip + 8)) < 0)
        return -EBADMSG;

    struct router_solicitation found = {.source = {.family = AF_INET6, .length = 128}};
    memcpy(found.source_mac.byte, ethernet + 6, 6);
    memcpy(found.source.byte, ip + 8, 16);
    *ret = found;
    return 0;
}

/* -- writing -- */

static size_t put_prefix(uint8_t *at, const struct ip_prefix *prefix)
{
    struct ip_prefix network = ip_prefix_network(prefix);

    memset(at, 0, 32);
    at[0] = OPTION_PREFIX;
    at[1] = 4;
    at[2] = prefix->length;
    at[3] = ON_LINK | AUTONOMOUS;
    put32(at + 4, VALID_S);
    put32(at + 8, PREFERRED_S);
    memcpy(at + 16, network.byte, 16);
    return 32;
}

static size_t put_mac(uint8_t *at, struct mac mac)
{
    at[0] = OPTION_SOURCE_MAC;
    at[1] = 1;
    memcpy(at + 2, mac.byte, 6);
    return 8;
}

static size_t put_mtu(uint8_t *at, unsigned mtu)
{
    memset(at, 0, 8);
    at[0] = OPTION_MTU;
    at[1] = 1;
    put32(at + 4, mtu);
    return 8;
}

/* RFC 8106 */
static size_t put_dns(uint8_t *at, const struct router_advertisement *what)
{
    size_t size = 8;

    for (unsigned i = 0; i < what->n_dns && i < ROUTER_DNS_MAX; i++)
        if (what->dns[i].family == AF_INET6) {
            memcpy(at + size, what->dns[i].byte, 16);
            size += 16;
        }
    if (size == 8)
        return 0;
    memset(at, 0, 8);
    at[0] = OPTION_DNS;
    at[1] = (uint8_t) (size / 8);
    put32(at + 4, LIFETIME_S);
    return size;
}

static size_t put_advertisement(uint8_t *at, const struct router_advertisement *what)
{
    size_t size = ADVERTISEMENT_SIZE;

    memset(at, 0, ADVERTISEMENT_SIZE);
    at[0] = ADVERTISEMENT;
    at[4] = 64;         /* hops */
    put16(at + 6, what->is_default ? LIFETIME_S : 0);
    size += put_mac(at + size, what->router_mac);
    if (what->mtu)
        size += put_mtu(at + size, what->mtu);
    if (what->network.family)
        size += put_prefix(at + size, &what->network);
    size += put_dns(at + size, what);
    return size;
}

size_t router_advertisement_make(const struct router_advertisement *what, const struct router_solicitation *to,
                                 uint8_t out[ROUTER_FRAME_SIZE])
{
    static const uint8_t everybody_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
    static const uint8_t everybody[16] = {0xff, 0x02, [15] = 1};
    uint8_t *ip = out + ETHERNET, *icmp = ip + IPV6;
    /* who has no address yet is answered by the one for everybody, at its hardware address */
    bool is_known = to && !is_unspecified(to->source.byte);

    memcpy(out, to ? to->source_mac.byte : everybody_mac, 6);
    memcpy(out + 6, what->router_mac.byte, 6);
    put16(out + 12, ETH_P_IPV6);

    size_t size = put_advertisement(icmp, what);
    memset(ip, 0, IPV6);
    ip[0] = 0x60;
    put16(ip + 4, (unsigned) size);
    ip[6] = PROTOCOL_ICMPV6;
    ip[7] = HOPS;
    memcpy(ip + 8, what->router.byte, 16);
    memcpy(ip + 24, is_known ? to->source.byte : everybody, 16);
    put16(icmp + 2, checksum_finish(checksum_add(checksum_add((uint32_t) (PROTOCOL_ICMPV6 + size), ip + 8, 32), icmp,
                                                 size)));
    return ETHERNET + IPV6 + size;
}
