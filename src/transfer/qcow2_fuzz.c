/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk image of an enemy: its first clusters, and a few behind them, are read or refused. */
#include "transfer/qcow2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *data;
    size_t size;
};

static int read_bytes(void *data, void *buffer, size_t size, uint64_t offset)
{
    const struct bytes *bytes = data;

    if (offset > bytes->size || size > bytes->size - offset)
        return -ENODATA;
    (void) memcpy(buffer, bytes->data + offset, size);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size};
    const struct qcow2_file file = {.read = read_bytes, .data = &bytes};
    CLEANUP(qcow2_closep) struct qcow2 *image = NULL;
    auto_error struct error *err = NULL;

    if (qcow2_open(&file, &image, &err) < 0)
        return 0;

    uint64_t cluster = qcow2_cluster_size(image), count = (qcow2_size(image) + cluster - 1) / cluster;
    auto_free char *buffer = mem_alloc(cluster);
    for (uint64_t i = 0; i < count && i < 64; i++) {
        auto_error struct error *ignored = NULL;

        (void) qcow2_read(image, i, buffer, &ignored);
        error_freep(&ignored);
        (void) qcow2_read(image, count - 1 - i, buffer, &ignored);
    }
    return 0;
}
