/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of checksums: what is found for a name is found again in the text by its own digits. */
#include "transfer/checksum_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;
    char hex[2 * DIGEST_MAX + 1];
    struct digest digest;

    for (int alone = 0; alone < 2; alone++) {
        if (checksum_list_find(text, size, "image.tar", alone, &digest) != 1)
            continue;
        digest_format(&digest, hex);

        auto_free char *lower = mem_copy_bytes(text, size);
        for (size_t i = 0; i < size; i++)
            if (lower[i] >= 'A' && lower[i] <= 'F')
                lower[i] = (char) (lower[i] + 'a' - 'A');
        if (!memmem(lower, size, hex, strlen(hex)))
            abort();
    }
    return 0;
}
