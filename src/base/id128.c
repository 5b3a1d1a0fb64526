/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 128-bit ids, and the keyed hash that names and addresses are derived with. */
#include "base/id128.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#include "base/strings.h"

int id128_parse(const char *text, struct id128 *ret)
{
    struct id128 id;
    size_t length = strlen(text);
    bool dashed = length == 36;

    if (length != 32 && !dashed)
        return -EINVAL;
    for (size_t i = 0, at = 0; i < 16; i++, at += 2) {
        if (dashed && (i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-')
            return -EINVAL;

        int high = hex_digit_value(text[at]), low = hex_digit_value(text[at + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        id.byte[i] = (uint8_t) (high << 4 | low);
    }
    *ret = id;
    return 0;
}

void id128_random(struct id128 *ret)
{
    /* 16 bytes never block once the kernel's pool is up, and are never cut short */
    while (getrandom(ret->byte, sizeof ret->byte, 0) != (ssize_t) sizeof ret->byte)
        ;
    ret->byte[6] = (uint8_t) ((ret->byte[6] & 0x0f) | 0x40);
    ret->byte[8] = (uint8_t) ((ret->byte[8] & 0x3f) | 0x80);
}

bool id128_is_null(struct id128 id)
{
    return id128_equal(id, (struct id128){{0}});
}

bool id128_equal(struct id128 a, struct id128 b)
{
    return memcmp(a.byte, b.byte, sizeof a.byte) == 0;
}

static void format(struct id128 id, bool dashed, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < 16; i++) {
        if (dashed && (i == 4 || i == 6 || i == 8 || i == 10))
            *out++ = '-';
        *out++ = digits[id.byte[i] >> 4];
        *out++ = digits[id.byte[i] & 15];
    }
    *out = '\0';
}

void id128_format_plain(struct id128 id, char ret[33])
{
    format(id, false, ret);
}

void id128_format_uuid(struct id128 id, char ret[37])
{
    format(id, true, ret);
}

/* SipHash-2-4, Aumasson and Bernstein 2012: "SipHash: a fast short-input PRF". */
static uint64_t rotate(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t x = 0;

    for (int i = 7; i >= 0; i--)
        x = x << 8 | p[i];
    return x;
}

static void sip_rounds(uint64_t v[4], int n)
{
    while (n-- > 0) {
        v[0] += v[1], v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0], v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1], v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2], v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

uint64_t siphash24(const void *data, uint64_t size, const uint8_t key[16])
{
    uint64_t k0 = load64(key), k1 = load64(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                     k1 ^ 0x7465646279746573};
    const uint8_t *p = data;
    uint64_t last = size << 56;

    for (; size >= 8; size -= 8, p += 8) {
        uint64_t m = load64(p);

        v[3] ^= m;
        sip_rounds(v, 2);
        v[0] ^= m;
    }
    for (uint64_t i = 0; i < size; i++)
        last |= (uint64_t) p[i] << (8 * i);
    v[3] ^= last;
    sip_rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
