/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing an increment, in one pass, so that a pipe will do. What the earlier export is made of comes as a list of
 * hashes in a file, which a worker without rights has made: whoever packs a tree has rights, and reads no archives.
 *
 *     kind, 0 when unknown    u64
 *     id of the stream        32 bytes
 *     number of hashes        u64
 *     hashes                  32 bytes each
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "transfer/increment.h"
#include "transfer/increment_format.h"
#include "transfer/stream.h"

#define LEVEL 3
#define KNOWN_START (8u + CHUNK_HASH + 8)
#define KNOWN_MAX (1ull << 30)

/* -- what is known -- */

struct cutting {
    struct chunk_list *chunks;
    struct channel *up;
    const struct stream *stream;
};

static int take_known(void *data, const uint8_t *bytes, size_t size, struct error **err)
{
    const struct cutting *cutting = data;
    struct chunk chunk = {.size = (uint32_t) size};

    if (chunk_hash(bytes, size, chunk.hash, err) < 0)
        return -error_code(*err);
    chunk_list_add(cutting->chunks, &chunk);
    channel_progress(cutting->up, stream_position(cutting->stream), stream_size(cutting->stream));
    return 0;
}

int stream_chunk(struct stream *stream, chunk_function *emit, void *data, struct error **err)
{
    CLEANUP(chunker_done) struct chunker chunker;
    const void *bytes;
    size_t size;
    int r;

    chunker_init(&chunker, emit, data);
    while ((r = stream_next(stream, &bytes, &size, err)) == 1)
        if (chunker_write(&chunker, bytes, size, err) < 0)
            return -error_code(*err);
    return r < 0 ? r : chunker_finish(&chunker, err);
}

static int cut_whole(int fd, struct channel *up, struct chunk_list *chunks, struct error **err)
{
    CLEANUP(stream_closep) struct stream *stream = NULL;

    if (lseek(fd, 0, SEEK_SET) < 0)
        return fail(err, errno, "cannot read the earlier export");
    if (stream_open(fd, &stream, err) < 0)
        return -error_code(*err);

    struct cutting cutting = {.chunks = chunks, .up = up, .stream = stream};
    return stream_chunk(stream, take_known, &cutting, err);
}

static int write_known(int fd, enum increment_kind kind, const struct chunk_list *chunks, struct error **err)
{
    size_t size = KNOWN_START + chunks->count * CHUNK_HASH;
    auto_free uint8_t *bytes = mem_alloc(size);
    uint8_t *at = le64_put(bytes, kind);

    if (chunk_list_id(chunks, at, err) < 0)
        return -error_code(*err);
    at = le64_put(at + CHUNK_HASH, chunks->count);
    for (size_t i = 0; i < chunks->count; i++)
        (void) memcpy(at + i * CHUNK_HASH, chunks->item[i].hash, CHUNK_HASH);
    int r = fd_write_full(fd, bytes, size);
    return r < 0 ? fail(err, -r, "cannot write down what the earlier export holds") : 0;
}

int known_work(void *data, struct channel *up, struct error **err)
{
    const struct known *known = data;
    CLEANUP(increment_done) struct increment increment = {.fd = -1};

    if (increment_is_one(known->input_fd)) {
        if (increment_open(known->input_fd, &increment, err) < 0)
            return -error_code(*err);
    } else if (cut_whole(known->input_fd, up, &increment.chunks, err) < 0)
        return -error_code(*err);
    return write_known(known->output_fd, increment.kind, &increment.chunks, err);
}

static int read_known(int fd, struct chunk_list *ret, uint64_t *ret_kind, uint8_t ret_id[CHUNK_HASH],
                      struct error **err)
{
    auto_free void *bytes = NULL;
    struct stat st;

    if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return fail(err, errno, "cannot read what the earlier export holds");
    if (mem_alloc_bounded((size_t) st.st_size, KNOWN_MAX, &bytes, err) < 0)
        return -error_code(*err);

    ssize_t n = fd_read_full(fd, bytes, (size_t) st.st_size);
    const uint8_t *at = bytes;
    if (n < (ssize_t) KNOWN_START || le64_get(at + 8 + CHUNK_HASH) != ((size_t) n - KNOWN_START) / CHUNK_HASH)
        return fail(err, EBADMSG, "cannot read what the earlier export holds");
    *ret_kind = le64_get(at);
    (void) memcpy(ret_id, at + 8, CHUNK_HASH);
    for (size_t i = KNOWN_START; i + CHUNK_HASH <= (size_t) n; i += CHUNK_HASH) {
        struct chunk chunk = {0};

        (void) memcpy(chunk.hash, at + i, CHUNK_HASH);
        chunk_list_add(ret, &chunk);
    }
    return 0;
}

/* -- the writer -- */

struct increment_writer {
    int fd;
    enum increment_kind kind;
    const char *parent_name;
    uint8_t parent[CHUNK_HASH];
    struct chunk_list known, chunks;
    struct chunker chunker;
    ZSTD_CCtx *zstd;
    uint8_t *packed;
    size_t packed_size;
    uint64_t written;
};

static int write_out(struct increment_writer *writer, const void *bytes, size_t size, struct error **err)
{
    int r = fd_write_full(writer->fd, bytes, size);

    writer->written += size;
    if (r == 0)
        return 0;
    fail(err, -r, "cannot write the output");
    fail_id(*err, "R5080");
    return r;
}

static int take_chunk(void *data, const uint8_t *bytes, size_t size, struct error **err)
{
    struct increment_writer *writer = data;
    struct chunk chunk = {.size = (uint32_t) size};

    if (chunk_hash(bytes, size, chunk.hash, err) < 0)
        return -error_code(*err);
    if (chunk_list_find(&writer->known, chunk.hash) == CHUNK_NONE &&
        chunk_list_find(&writer->chunks, chunk.hash) == CHUNK_NONE) {
        size_t n = ZSTD_compressCCtx(writer->zstd, writer->packed, writer->packed_size, bytes, size, LEVEL);
        bool plain = ZSTD_isError(n) || n >= size;

        chunk.stored = plain ? (uint32_t) size | INCREMENT_PLAIN : (uint32_t) n;
        if (write_out(writer, plain ? bytes : writer->packed, plain ? size : n, err) < 0)
            return -error_code(*err);
    }
    chunk_list_add(&writer->chunks, &chunk);
    return 0;
}

int increment_writer_open(const struct increment_base *base, int output_fd, struct increment_writer **ret,
                          struct error **err)
{
    struct increment_writer *writer = *ret = mem_alloc(sizeof *writer);
    uint64_t kind = 0;

    *writer = (struct increment_writer){.fd = output_fd, .kind = base->kind, .parent_name = base->name};
    writer->zstd = ZSTD_createCCtx();
    writer->packed_size = ZSTD_compressBound(CHUNK_MAX);
    writer->packed = mem_alloc(writer->packed_size);
    chunker_init(&writer->chunker, take_chunk, writer);
    if (!writer->zstd)
        return fail(err, ENOMEM, "cannot compress");
    if (read_known(base->known_fd, &writer->known, &kind, writer->parent, err) < 0)
        return -error_code(*err);
    if (kind != 0 && kind != writer->kind) {
        fail_plain(err, EINVAL, "'%s' is of a %s, and this is a %s", base->name,
                   kind == INCREMENT_TAR ? "tree" : "disk", kind == INCREMENT_TAR ? "disk" : "tree");
        fail_id(*err, "R5182");
        return -EINVAL;
    }
    return write_out(writer, INCREMENT_MAGIC, INCREMENT_MAGIC_SIZE, err);
}

int increment_writer_write(struct increment_writer *writer, const void *bytes, size_t size, struct error **err)
{
    return chunker_write(&writer->chunker, bytes, size, err);
}

/* Gives. */
static uint8_t *format_index(const struct increment_writer *writer, size_t *ret_size)
{
    size_t name_size = strlen(writer->parent_name);
    size_t size = 8 + CHUNK_HASH + 4 + name_size + writer->chunks.count * (CHUNK_HASH + 8);
    uint8_t *bytes = mem_alloc(size), *at = le32_put(bytes, writer->kind);

    at = le32_put(at, (uint32_t) writer->chunks.count);
    (void) memcpy(at, writer->parent, CHUNK_HASH);
    at = le32_put(at + CHUNK_HASH, (uint32_t) name_size);
    (void) memcpy(at, writer->parent_name, name_size);
    at += name_size;
    for (size_t i = 0; i < writer->chunks.count; i++) {
        (void) memcpy(at, writer->chunks.item[i].hash, CHUNK_HASH);
        at = le32_put(at + CHUNK_HASH, writer->chunks.item[i].size);
        at = le32_put(at, writer->chunks.item[i].stored);
    }
    *ret_size = size;
    return bytes;
}

int increment_writer_finish(struct increment_writer *writer, struct error **err)
{
    uint8_t end[INCREMENT_END_SIZE], *at = end;
    size_t size;

    if (chunker_finish(&writer->chunker, err) < 0)
        return -error_code(*err);

    auto_free uint8_t *index = format_index(writer, &size);
    size_t room = ZSTD_compressBound(size);
    auto_free uint8_t *packed = mem_alloc(room);
    size_t n = ZSTD_compressCCtx(writer->zstd, packed, room, index, size, LEVEL);
    if (ZSTD_isError(n))
        return fail(err, ENOMEM, "cannot compress the index");
    at = le64_put(at, writer->written);
    at = le64_put(at, n);
    at = le64_put(at, size);
    if (chunk_hash(packed, n, at, err) < 0)
        return -error_code(*err);
    (void) memcpy(at + CHUNK_HASH, INCREMENT_MAGIC, INCREMENT_MAGIC_SIZE);
    return write_out(writer, packed, n, err) < 0 ? -error_code(*err) : write_out(writer, end, sizeof end, err);
}

void increment_writer_close(struct increment_writer *writer)
{
    if (!writer)
        return;
    chunker_done(&writer->chunker);
    chunk_list_done(&writer->known);
    chunk_list_done(&writer->chunks);
    (void) ZSTD_freeCCtx(writer->zstd);
    free(writer->packed);
    free(writer);
}
