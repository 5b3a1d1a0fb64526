/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of layers: it lies where a container's owner may have put one of his own. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/lineage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = mem_copy_bytes(data, size);
    CLEANUP(lineage_done) struct lineage lineage = {0}, again = {0};
    auto_error struct error *err = NULL;

    if (lineage_parse(text, &lineage, &err) < 0)
        return 0;
    /* what is written is what was read */
    auto_free char *written = lineage_format(&lineage);
    if (lineage_parse(written, &again, &err) < 0 || again.layers.count != lineage.layers.count)
        abort();
    return 0;
}
