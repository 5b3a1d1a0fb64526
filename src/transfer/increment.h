/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * increment: the file that `export --incremental-since=` writes: what an image is made of, and those chunks of it that
 * an earlier export has not.
 *
 *     "redd-increment 1"                       16 bytes
 *     new chunks, one behind the other         each a zstd frame, or plain where that is no longer
 *     the index, a zstd frame of:
 *         kind                                 u32, 1: of a tar archive, 2: of a disk image
 *         number of chunks                     u32
 *         id of the stream it is since         32 bytes
 *         length, name of the file it is since u32, bytes
 *         for each chunk: SHA-256, size, stored    32 bytes, u32, u32: its length in this file, 0 when it is not in
 *                                                  it; the highest bit says that it is plain
 *     where the index is, its length, its length unpacked      3 × u64
 *     SHA-256 of the index as it is packed     32 bytes
 *     "redd-increment 1"
 *
 * Numbers are little-endian. The chunks in the order of the index make the stream; its id is the SHA-256 of all
 * hashes in a row. A chunk that is not here is in the file it is since, or in what that one is since.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "transfer/channel.h"
#include "transfer/chunks.h"

enum increment_kind { INCREMENT_TAR = 1, INCREMENT_DISK = 2 };

#define INCREMENT_MAGIC "redd-increment 1"
#define INCREMENT_MAGIC_SIZE 16u
#define INCREMENT_END_SIZE (3 * 8 + CHUNK_HASH + INCREMENT_MAGIC_SIZE)

/* -- reading; the file is an enemy's -- */

struct increment {
    int fd;                     /* borrowed */
    enum increment_kind kind;
    uint8_t parent[CHUNK_HASH];
    char *parent_name;
    struct chunk_list chunks;
    uint64_t size;              /* of the stream */
};

/* Whether the file FD begins like one. */
bool increment_is_one(int fd);

/* Reads the index. R5180: it is damaged. */
int increment_open(int fd, struct increment *ret, struct error **err);
void increment_done(struct increment *increment);

/* The bytes of a chunk that is in the file into BUFFER, of CHUNK_MAX bytes; compared with its hash. R5180. */
int increment_read_chunk(const struct increment *increment, const struct chunk *chunk, uint8_t *buffer,
                         struct error **err);

/* The plain index of a file whose chunks take DATA_SIZE bytes. For increment_open() and tests. */
int increment_parse_index(const uint8_t *bytes, size_t size, uint64_t data_size, struct increment *ret,
                          struct error **err);

/* -- writing -- */

/* What an earlier export is made of, out of a file that known_work() has written. */
struct increment_base {
    int known_fd;
    const char *name;           /* of the earlier export's file */
    enum increment_kind kind;   /* of what is exported */
};

struct increment_writer;

/* R5182: the earlier export is one of something else. */
int increment_writer_open(const struct increment_base *base, int output_fd, struct increment_writer **ret,
                          struct error **err);
/* R5080: the output cannot be written. */
int increment_writer_write(struct increment_writer *writer, const void *bytes, size_t size, struct error **err);
int increment_writer_finish(struct increment_writer *writer, struct error **err);
void increment_writer_close(struct increment_writer *writer);

/* The work of a worker: an export of any kind, an increment or a whole one, read and cut. */
struct known {
    int input_fd;
    int output_fd;              /* an empty file */
};
int known_work(void *data, struct channel *up, struct error **err);

/* -- putting together -- */

/* The work of a worker. Facts: "kind=tar|disk", "parent=NAME". */
struct increment_look {
    int input_fd;
};
int increment_look_work(void *data, struct channel *up, struct error **err);

/* The work of a worker: the stream of the first of these files, each of which is since the next; the last is no
 * increment. R5183: one is not what the other is since; R5184: a chunk is in none of them. */
struct assemble {
    const int *fds;
    char *const *names;         /* for errors */
    size_t count;
    int output_fd;              /* an empty file; blocks of zeroes become holes */
};
int assemble_work(void *data, struct channel *up, struct error **err);
