/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses and networks as text and as bits. */
#include "config/ip_prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

unsigned ip_family_bits(int family)
{
    return family == AF_INET ? 32 : 128;
}

size_t ip_family_bytes(int family)
{
    return family == AF_INET ? 4 : 16;
}

int ip_prefix_parse(const char *text, struct ip_prefix *ret)
{
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t) (slash - text) : strlen(text);
    struct ip_prefix prefix = {.family = memchr(text, ':', n) ? AF_INET6 : AF_INET};
    char address[IP_PREFIX_TEXT_SIZE];
    uint32_t length = ip_family_bits(prefix.family);

    if (n >= sizeof address)
        return -EINVAL;
    memcpy(address, text, n);
    address[n] = '\0';
    if (inet_pton(prefix.family, address, prefix.byte) != 1)
        return -EINVAL;
    if (slash && (parse_u32(slash + 1, &length) < 0 || length > ip_family_bits(prefix.family)))
        return -EINVAL;
    prefix.length = (uint8_t) length;
    *ret = prefix;
    return 0;
}

const char *ip_address_format(const struct ip_prefix *prefix, char ret[IP_PREFIX_TEXT_SIZE])
{
    if (!inet_ntop(prefix->family, prefix->byte, ret, IP_PREFIX_TEXT_SIZE))
        ret[0] = '\0';
    return ret;
}

const char *ip_prefix_format(const struct ip_prefix *prefix, char ret[IP_PREFIX_TEXT_SIZE])
{
    size_t n = strlen(ip_address_format(prefix, ret));

    (void) snprintf(ret + n, IP_PREFIX_TEXT_SIZE - n, "/%u", prefix->length);
    return ret;
}

struct ip_prefix ip_prefix_network(const struct ip_prefix *prefix)
{
    struct ip_prefix network = *prefix;
    size_t whole = prefix->length / 8u;

    if (whole < sizeof network.byte) {
        network.byte[whole] = (uint8_t) (network.byte[whole] & ~(0xffu >> (prefix->length % 8u)));
        memset(network.byte + whole + 1, 0, sizeof network.byte - whole - 1);
    }
    return network;
}

struct ip_prefix ip_prefix_address(const struct ip_prefix *prefix)
{
    struct ip_prefix address = *prefix;

    address.length = (uint8_t) ip_family_bits(prefix->family);
    return address;
}

struct ip_prefix ip_prefix_host(const struct ip_prefix *prefix, uint32_t offset)
{
    struct ip_prefix host = ip_prefix_network(prefix);
    uint8_t *last = host.byte + ip_family_bytes(prefix->family) - 4;

    for (int i = 3; i >= 0; i--, offset >>= 8)
        last[i] = (uint8_t) (last[i] | (offset & 0xff));
    return host;
}

bool ip_prefix_contains(const struct ip_prefix *outer, const struct ip_prefix *inner)
{
    struct ip_prefix cut = *inner;

    if (outer->family != inner->family || inner->length < outer->length)
        return false;
    cut.length = outer->length;
    cut = ip_prefix_network(&cut);

    struct ip_prefix network = ip_prefix_network(outer);
    return memcmp(cut.byte, network.byte, sizeof cut.byte) == 0;
}

bool ip_prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b)
{
    return ip_prefix_contains(a, b) || ip_prefix_contains(b, a);
}

bool ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b)
{
    return ip_address_equal(a, b) && a->length == b->length;
}

bool ip_address_equal(const struct ip_prefix *a, const struct ip_prefix *b)
{
    return a->family == b->family && memcmp(a->byte, b->byte, sizeof a->byte) == 0;
}

bool ip_address_is_usable(const struct ip_prefix *prefix)
{
    static const uint8_t zero[15];
    const uint8_t *b = prefix->byte;

    if (prefix->family == AF_INET)
        return b[0] != 0 && b[0] != 127 && b[0] < 224;
    return b[0] != 0xff && (memcmp(b, zero, sizeof zero) != 0 || b[15] > 1);
}

bool ip_address_is_link_local(const struct ip_prefix *prefix)
{
    const uint8_t *b = prefix->byte;

    return prefix->family == AF_INET ? b[0] == 169 && b[1] == 254 : b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
}

void ip_prefixes_add(struct ip_prefixes *list, const struct ip_prefix *prefix)
{
    MEM_GROW(list->item, list->count);
    list->item[list->count++] = *prefix;
}

void ip_prefixes_done(struct ip_prefixes *list)
{
    free(list->item);
    *list = (struct ip_prefixes){0};
}
