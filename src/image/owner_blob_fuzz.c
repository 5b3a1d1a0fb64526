/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ACLs and capabilities as the owner of a tree may have written them. The first byte picks which. */
#include "image/owner_blob.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;

    size_t length = size - 1;
    if (data[0] == 'c' && length > CAPABILITY_BLOB_MAX)
        length = CAPABILITY_BLOB_MAX;
    auto_free char *blob = mem_copy_bytes(data + 1, length);

    if (data[0] == 'c') {
        int r = capability_move(blob, &length, 0x60000);

        /* what was moved stays where it is */
        if (r >= 0 && capability_move(blob, &length, 0x60000) != 0)
            abort();
    } else if (acl_move(blob, length, 0x60000) >= 0 && acl_move(blob, length, 0x60000) != 0)
        abort();
    return 0;
}
