/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two version strings, parted by a newline: the order must be one whichever comes first. */
#include "image/version.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data, *cut = size ? memchr(text, '\n', size) : NULL;

    if (!cut)
        return 0;

    size_t first = (size_t) (cut - text), second = size - first - 1;
    int forth = version_compare(text, first, cut + 1, second), back = version_compare(cut + 1, second, text, first);
    if ((forth > 0) != (back < 0) || (forth < 0) != (back > 0) || version_compare(text, first, text, first) != 0)
        abort();
    return 0;
}
