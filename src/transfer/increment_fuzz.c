/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An increment of an enemy: as a whole, and its index alone, which the checksum would hide otherwise. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "transfer/increment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_chunks(const struct increment *increment)
{
    auto_free uint8_t *buffer = mem_alloc(CHUNK_MAX);

    for (size_t i = 0; i < increment->chunks.count && i < 64; i++) {
        auto_error struct error *err = NULL;

        if (increment->chunks.item[i].stored)
            (void) increment_read_chunk(increment, &increment->chunks.item[i], buffer, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(increment_done) struct increment whole = {.fd = -1}, alone = {.fd = -1};
    auto_error struct error *err = NULL, *err_alone = NULL;
    auto_close int fd = memfd_create("increment", MFD_CLOEXEC);

    if (fd < 0 || fd_write_full(fd, data, size) < 0)
        return 0;
    if (increment_open(fd, &whole, &err) == 0)
        read_chunks(&whole);
    alone.fd = fd;
    if (size > 0 && increment_parse_index(data + 1, size - 1, data[0], &alone, &err_alone) == 0)
        read_chunks(&alone);
    return 0;
}
