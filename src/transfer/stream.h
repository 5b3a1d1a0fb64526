/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream: the plain bytes of a file or pipe, whatever it is compressed with.
 *
 * A thread of its own reads and decompresses into a ring of buffers, so that whoever unpacks uses the other processor.
 * What it is compressed with is seen from its first bytes: gzip, xz (several threads, when made in blocks), zstd,
 * bzip2, lz4, lzip, lzma, compress, or nothing. Memory is bounded, whatever the archive says.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct stream;

/* FD is borrowed and read from where it stands. */
int stream_open(int fd, struct stream **ret, struct error **err);

/* The next bytes, good until the next call. 1, 0 at the end, or negative: R5010, the compressed data is damaged. */
int stream_next(struct stream *stream, const void **ret, size_t *ret_size, struct error **err);

/* Looks at the first bytes of the content without taking them; at most 256 KiB, less when there is less. */
int stream_peek(struct stream *stream, const void **ret, size_t *ret_size, struct error **err);

/* How much of the file was read, and how long it is (0: a pipe). */
uint64_t stream_position(const struct stream *stream);
uint64_t stream_size(const struct stream *stream);

/* "gzip", "xz", …; "none". */
const char *stream_compression(const struct stream *stream);

void stream_close(struct stream *stream);
void stream_closep(struct stream **stream);
