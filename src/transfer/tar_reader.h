/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tar_reader: a stream (stream.h) as a tar archive of libarchive. */
#pragma once

#include "base/error.h"
#include "transfer/channel.h"

struct archive;
struct archive_entry;
struct stream;

struct tar_reader {
    struct stream *stream;
    struct archive *archive;
    struct error **err;         /* of the call that is running: where an error of the stream goes */
    struct channel *up;         /* is told how far it is; NULL: nobody */
};

/* ERR stays in use until tar_reader_done(): all calls on the archive take the same one. */
int tar_reader_open(struct tar_reader *reader, struct stream *stream, struct channel *up, struct error **err);

/* The next entry: 1, 0 at the end, or negative (R5011). */
int tar_reader_next(struct tar_reader *reader, struct archive_entry **ret);

/* Reads what is behind the archive, so that its checksum is checked and its writer sees it all taken. */
int tar_reader_drain(struct tar_reader *reader);
void tar_reader_done(struct tar_reader *reader);
