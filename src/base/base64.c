/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

static int digit_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int) (at - digits) : -1;
}

/* Four characters are three bytes; "=" in place of the last one or two, at the very end only, is a byte less each. */
int base64_decode(const char *text, size_t length, unsigned char **ret, size_t *ret_size)
{
    size_t padding = 0, size = 0;

    if (length % 4 != 0)
        return -EINVAL;
    if (length > 0 && text[length - 1] == '=')
        padding = text[length - 2] == '=' ? 2 : 1;
    auto_free unsigned char *bytes = mem_alloc(length / 4 * 3 + 1);
    for (size_t i = 0; i < length; i += 4) {
        uint32_t group = 0;

        for (size_t k = i; k < i + 4; k++) {
            int value = k >= length - padding ? 0 : digit_value(text[k]);

            if (value < 0)
                return -EINVAL;
            group = group << 6 | (uint32_t) value;
        }
        for (int shift = 16; shift >= 0; shift -= 8)
            bytes[size++] = (unsigned char) (group >> shift);
    }
    *ret_size = size - padding;
    *ret = TAKE(bytes);
    return 0;
}
