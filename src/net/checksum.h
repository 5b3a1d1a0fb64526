/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checksum: the Internet's (RFC 1071), in two steps, so that headers and what is behind them can be added up apart. */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint32_t checksum_add(uint32_t sum, const uint8_t *at, size_t size)
{
    for (; size > 1; at += 2, size -= 2)
        sum += (uint32_t) at[0] << 8 | at[1];
    return size ? sum + ((uint32_t) at[0] << 8) : sum;
}

static inline uint16_t checksum_finish(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~sum;
}
