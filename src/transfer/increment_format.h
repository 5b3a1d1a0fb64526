/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* increment_format: what reading and writing increments (increment.h) have in common. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "transfer/chunks.h"

struct stream;

/* Cuts what is left of a stream. */
int stream_chunk(struct stream *stream, chunk_function *emit, void *data, struct error **err);

#define INCREMENT_PLAIN (1u << 31)      /* in `stored`: not compressed */

static inline uint32_t le32_get(const uint8_t *at)
{
    uint32_t value;

    (void) memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static inline uint64_t le64_get(const uint8_t *at)
{
    uint64_t value;

    (void) memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static inline uint8_t *le32_put(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    (void) memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static inline uint8_t *le64_put(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    (void) memcpy(at, &value, sizeof value);
    return at + sizeof value;
}
