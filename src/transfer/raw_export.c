/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Into a file, an uncompressed disk keeps its holes; everywhere else all its bytes are written. */
#include "transfer/raw_export.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "transfer/raw.h"

#define BUFFER_SIZE (1u << 20)

static int cannot_read(struct error **err)
{
    fail(err, errno, "cannot read the disk image");
    fail_id(*err, "R5090");
    return -error_code(*err);
}

/* Where the next data is at or behind AT: holes are not read. */
static off_t next_data(int fd, off_t at, off_t size)
{
    off_t data = lseek(fd, at, SEEK_DATA);

    return data >= at ? data : errno == ENXIO ? size : at;
}

static int copy_to_file(const struct raw_export *raw, off_t size, char *buffer, struct channel *up, struct error **err)
{
    off_t at = 0;

    while ((at = next_data(raw->input_fd, at, size)) < size) {
        ssize_t n = pread(raw->input_fd, buffer, BUFFER_SIZE, at);
        int r;

        if (n < 0)
            return cannot_read(err);
        if (n == 0)
            break;
        r = sparse_write(raw->output_fd, buffer, (size_t) n, (uint64_t) at);
        if (r < 0) {
            fail(err, -r, "cannot write the output");
            fail_id(*err, "R5080");
            return r;
        }
        at += n;
        channel_progress(up, (uint64_t) at, (uint64_t) size);
    }
    if (ftruncate(raw->output_fd, size) == 0)
        return 0;
    fail(err, errno, "cannot write the output");
    fail_id(*err, "R5080");
    return -error_code(*err);
}

static int pour(const struct raw_export *raw, off_t size, char *buffer, struct channel *up, struct error **err)
{
    CLEANUP(compressor_closep) struct compressor *compressor = NULL;
    off_t at = 0;

    if ((raw->since ? compressor_open_increment(raw->since, raw->output_fd, &compressor, err)
                    : compressor_open(raw->compression, raw->output_fd, &compressor, err)) < 0)
        return -error_code(*err);
    for (;;) {
        ssize_t n = pread(raw->input_fd, buffer, BUFFER_SIZE, at);

        if (n < 0)
            return cannot_read(err);
        if (n == 0)
            return compressor_finish(compressor, err);
        if (compressor_write(compressor, buffer, (size_t) n, err) < 0)
            return -error_code(*err);
        at += n;
        channel_progress(up, (uint64_t) at, (uint64_t) size);
    }
}

int raw_export_work(void *data, struct channel *up, struct error **err)
{
    const struct raw_export *raw = data;
    auto_free char *buffer = mem_alloc(BUFFER_SIZE);
    struct stat from, to;

    if (fstat(raw->input_fd, &from) < 0 || fstat(raw->output_fd, &to) < 0)
        return cannot_read(err);
    if (!raw->since && raw->compression == COMPRESS_NONE && S_ISREG(to.st_mode) && S_ISREG(from.st_mode) &&
        to.st_size == 0)
        return copy_to_file(raw, from.st_size, buffer, up, err);
    return pour(raw, from.st_size, buffer, up, err);
}
