/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as the head of hashes: the line for the kernel has the words it must have, and nothing reaches beyond the
 * data. */
#include "image/verity_super.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

enum { DATA_SIZE = 1 << 20, WORDS = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(strings_done) struct strings words = {0};
    unsigned char head[VERITY_SUPER_SIZE] = {0};
    auto_error struct error *err = NULL;
    struct verity_super super;

    memcpy(head, data, size < sizeof head ? size : sizeof head);
    if (verity_super_parse(head, DATA_SIZE, &super, &err) < 0)
        return 0;

    auto_free char *table = verity_super_table(&super, 1, 2, "00", NULL);
    strings_split(&words, table, " \t\n");
    if (words.count != WORDS || super.data_blocks * super.data_block_size > DATA_SIZE)
        abort();
    return 0;
}
