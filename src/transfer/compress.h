/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compress: the other way round: plain bytes into a compressed file, on all processors there are.
 *
 * gzip is made in blocks that threads deflate side by side (one member, as pigz makes it: every reader takes it);
 * zstd and xz use the threads of their libraries; those of bzip2 and lz4 have none.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

enum compression { COMPRESS_NONE, COMPRESS_GZIP, COMPRESS_XZ, COMPRESS_ZSTD, COMPRESS_BZIP2, COMPRESS_LZ4 };

/* "uncompressed", "gzip", … */
const char *compression_name(enum compression compression);
/* A name that is none gives COMPRESS_NONE; so does NULL. */
enum compression compression_parse(const char *name);
/* By the suffix of a file's name. */
enum compression compression_of_file(const char *path);

struct compressor;
struct increment_base;

/* OUTPUT_FD is borrowed. */
int compressor_open(enum compression compression, int output_fd, struct compressor **ret, struct error **err);
/* An increment (increment.h) instead. */
int compressor_open_increment(const struct increment_base *base, int output_fd, struct compressor **ret,
                              struct error **err);
/* R5080: the output cannot be written. */
int compressor_write(struct compressor *compressor, const void *bytes, size_t size, struct error **err);
int compressor_finish(struct compressor *compressor, struct error **err);
void compressor_close(struct compressor *compressor);
void compressor_closep(struct compressor **compressor);
