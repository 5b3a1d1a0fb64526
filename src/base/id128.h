/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* id128: 128-bit identifiers (machine ids, UUIDs): 32 hex digits or the dashed form of RFC 9562. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct id128 {
    uint8_t byte[16];
};

int id128_parse(const char *text, struct id128 *ret);               /* both forms; -EINVAL */
void id128_random(struct id128 *ret);                               /* version 4, getrandom(2) */
bool id128_is_null(struct id128 id);
bool id128_equal(struct id128 a, struct id128 b);
void id128_format_plain(struct id128 id, char ret[33]);             /* 32 lower-case hex digits */
void id128_format_uuid(struct id128 id, char ret[37]);              /* dashed */

/* SipHash-2-4 of TEXT under KEY (16 bytes): the keyed hash for stable names, ranges and addresses. */
uint64_t siphash24(const void *data, uint64_t size, const uint8_t key[16]);
