/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library asks for blocks and is given the ring's slots as they are: nothing is copied. */
#include "transfer/tar_reader.h"

#include <errno.h>

#include <archive.h>
#include <archive_entry.h>

#include "transfer/stream.h"
#include "transfer/unpack_entry.h"

static la_ssize_t read_block(struct archive *archive, void *data, const void **ret)
{
    struct tar_reader *reader = data;
    size_t size = 0;
    int r = stream_next(reader->stream, ret, &size, reader->err);

    if (reader->up)
        channel_progress(reader->up, stream_position(reader->stream), stream_size(reader->stream));
    if (r < 0) {
        archive_set_error(archive, EIO, "the input ended");
        return -1;
    }
    return r == 0 ? 0 : (la_ssize_t) size;
}

int tar_reader_open(struct tar_reader *reader, struct stream *stream, struct channel *up, struct error **err)
{
    *reader = (struct tar_reader){.stream = stream, .archive = archive_read_new(), .err = err, .up = up};
    if (!reader->archive)
        return fail(err, ENOMEM, "cannot start the archive reader");
    (void) archive_read_support_format_tar(reader->archive);
    if (archive_read_open(reader->archive, reader, NULL, read_block, NULL) == ARCHIVE_OK)
        return 0;
    return *err ? -error_code(*err) : archive_damaged(reader->archive, err);
}

int tar_reader_next(struct tar_reader *reader, struct archive_entry **ret)
{
    int r = archive_read_next_header(reader->archive, ret);

    /* a warning is about a name in an odd character set: the bytes are there all the same */
    if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
        return 1;
    if (r == ARCHIVE_EOF)
        return 0;
    return *reader->err ? -error_code(*reader->err) : archive_damaged(reader->archive, reader->err);
}

int tar_reader_drain(struct tar_reader *reader)
{
    const void *block;
    size_t size;
    int r;

    while ((r = stream_next(reader->stream, &block, &size, reader->err)) == 1)
        continue;
    return r;
}

void tar_reader_done(struct tar_reader *reader)
{
    (void) archive_read_free(reader->archive);
    reader->archive = NULL;
}
