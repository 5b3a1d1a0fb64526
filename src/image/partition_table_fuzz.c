/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as an image: whatever is found lies within it, and no two parts share a byte. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/partition_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free struct partition_table *table = mem_alloc(sizeof *table);
    auto_error struct error *err = NULL;
    auto_close int fd = memfd_create("image", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t) size)
        abort();
    if (partition_table_read(fd, size, table, &err) < 0)
        return 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct partition *a = &table->item[i];

        if (a->offset > size || a->size > size - a->offset)
            abort();
        for (size_t k = 0; k < i; k++)
            if (a->offset < table->item[k].offset + table->item[k].size && table->item[k].offset < a->offset + a->size)
                abort();
    }
    return 0;
}
