/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode: one decompressor after another behind one call, for stream.c.
 *
 * gzip and xz are decoded by the quickest library there is (ISA-L where it was there to build with; liblzma with
 * threads); everything else by libarchive's filters.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Where compressed bytes come from. */
struct decode_input {
    int (*read)(void *data, const void **ret, size_t *ret_size);   /* 1, 0 at the end, or a negative errno */
    void *data;
};

struct decoder {
    const char *name;
    /* Its bytes begin so. */
    const char *magic;
    size_t magic_size;
    int (*start)(void **ret_state, const struct decode_input *input, struct error **err);
    /* Fills OUT, short only at the end: the number of bytes, or a negative errno. */
    ssize_t (*read)(void *state, void *out, size_t size, struct error **err);
    void (*stop)(void *state);
};

/* The one for data that begins with these bytes; the last resort copies. */
const struct decoder *decoder_for(const void *start, size_t size);
