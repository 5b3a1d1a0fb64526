/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading an increment: its end, its index, one chunk. Everything is checked against the file's length and its sums. */
#include "transfer/increment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#include "base/mem.h"
#include "transfer/increment_format.h"

#define INDEX_MAX (512u * 1024 * 1024)
#define NAME_SIZE_MAX 4096u
#define INDEX_FIXED (4u + 4 + CHUNK_HASH + 4)
#define INDEX_ENTRY (CHUNK_HASH + 4 + 4)

static int damaged(struct error **err, const char *why)
{
    fail_plain(err, EBADMSG, "the increment is damaged: %s", why);
    fail_id(*err, "R5180");
    fail_hint(*err, "fetch or copy it again");
    return -EBADMSG;
}

static ssize_t read_at(int fd, void *buffer, size_t size, uint64_t at)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = pread(fd, (char *) buffer + done, size - done, (off_t) (at + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t) n;
    }
    return (ssize_t) done;
}

bool increment_is_one(int fd)
{
    char start[INCREMENT_MAGIC_SIZE];

    return read_at(fd, start, sizeof start, 0) == sizeof start && memcmp(start, INCREMENT_MAGIC, sizeof start) == 0;
}

/* -- the index -- */

static int parse_name(const uint8_t *bytes, size_t size, struct increment *ret, struct error **err)
{
    if (size == 0 || size > NAME_SIZE_MAX || memchr(bytes, 0, size) || memchr(bytes, '/', size) || bytes[0] == '.')
        return damaged(err, "the name of what it is since is none");
    ret->parent_name = mem_copy_bytes(bytes, size);
    return 0;
}

static int parse_chunks(const uint8_t *bytes, size_t n, uint64_t data_size, struct increment *ret, struct error **err)
{
    uint64_t at = 0;

    for (size_t i = 0; i < n; i++, bytes += INDEX_ENTRY) {
        struct chunk chunk = {.size = le32_get(bytes + CHUNK_HASH), .stored = le32_get(bytes + CHUNK_HASH + 4)};
        uint32_t length = chunk.stored & ~INCREMENT_PLAIN;

        (void) memcpy(chunk.hash, bytes, CHUNK_HASH);
        if (chunk.size == 0 || chunk.size > CHUNK_MAX || length > chunk.size || (chunk.stored && length == 0))
            return damaged(err, "a chunk has a size that cannot be");
        if (chunk.stored)
            chunk.at = INCREMENT_MAGIC_SIZE + at;
        at += length;
        ret->size += chunk.size;
        chunk_list_add(&ret->chunks, &chunk);
    }
    return at == data_size ? 0 : damaged(err, "its chunks have another length than its index says");
}

int increment_parse_index(const uint8_t *bytes, size_t size, uint64_t data_size, struct increment *ret,
                          struct error **err)
{
    if (size < INDEX_FIXED)
        return damaged(err, "its index is cut off");

    uint32_t kind = le32_get(bytes), n = le32_get(bytes + 4), name_size = le32_get(bytes + 8 + CHUNK_HASH);
    if (kind != INCREMENT_TAR && kind != INCREMENT_DISK)
        return damaged(err, "it is of nothing known");
    if (name_size > size - INDEX_FIXED || (uint64_t) n * INDEX_ENTRY != size - INDEX_FIXED - name_size)
        return damaged(err, "its index has another length than it says");
    ret->kind = (enum increment_kind) kind;
    (void) memcpy(ret->parent, bytes + 8, CHUNK_HASH);
    if (parse_name(bytes + INDEX_FIXED, name_size, ret, err) < 0)
        return -error_code(*err);
    return parse_chunks(bytes + INDEX_FIXED + name_size, n, data_size, ret, err);
}

struct end {
    uint64_t at, packed_size, size;
    const uint8_t *hash;
};

static int read_end(int fd, uint8_t bytes[INCREMENT_END_SIZE], struct end *ret, struct error **err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return fail(err, errno, "cannot look at the increment");
    if (st.st_size < (off_t) (INCREMENT_MAGIC_SIZE + INCREMENT_END_SIZE))
        return damaged(err, "it is cut off");

    uint64_t at = (uint64_t) st.st_size - INCREMENT_END_SIZE;
    if (read_at(fd, bytes, INCREMENT_END_SIZE, at) != INCREMENT_END_SIZE ||
        memcmp(bytes + INCREMENT_END_SIZE - INCREMENT_MAGIC_SIZE, INCREMENT_MAGIC, INCREMENT_MAGIC_SIZE) != 0)
        return damaged(err, "it is cut off");
    *ret = (struct end){.at = le64_get(bytes), .packed_size = le64_get(bytes + 8), .size = le64_get(bytes + 16),
                        .hash = bytes + 24};
    if (ret->at < INCREMENT_MAGIC_SIZE || ret->at > at || ret->packed_size != at - ret->at)
        return damaged(err, "its index is not where it should be");
    return 0;
}

static int unpack_index(const struct end *end, const uint8_t *packed, struct increment *ret, struct error **err)
{
    auto_free void *index = NULL;
    uint8_t hash[CHUNK_HASH];

    if (chunk_hash(packed, (size_t) end->packed_size, hash, err) < 0)
        return -error_code(*err);
    if (memcmp(hash, end->hash, CHUNK_HASH) != 0)
        return damaged(err, "the checksum of its index is wrong");
    /* compared before the byte for an empty one is added: sizes are an enemy's */
    if (end->size > INDEX_MAX)
        return damaged(err, "its index is longer than it may be");
    if (mem_alloc_bounded((size_t) end->size + 1, INDEX_MAX + 1, &index, err) < 0)
        return -error_code(*err);

    size_t n = ZSTD_decompress(index, (size_t) end->size, packed, (size_t) end->packed_size);
    if (ZSTD_isError(n) || n != end->size)
        return damaged(err, "its index cannot be unpacked");
    return increment_parse_index(index, n, end->at - INCREMENT_MAGIC_SIZE, ret, err);
}

int increment_open(int fd, struct increment *ret, struct error **err)
{
    uint8_t bytes[INCREMENT_END_SIZE];
    auto_free void *packed = NULL;
    struct end end = {0};

    if (!increment_is_one(fd))
        return damaged(err, "it does not begin like one");
    if (read_end(fd, bytes, &end, err) < 0 ||
        mem_alloc_bounded((size_t) end.packed_size + 1, INDEX_MAX + 1, &packed, err) < 0)
        return -error_code(*err);
    if (read_at(fd, packed, (size_t) end.packed_size, end.at) != (ssize_t) end.packed_size)
        return damaged(err, "it is cut off");
    ret->fd = fd;
    return unpack_index(&end, packed, ret, err);
}

void increment_done(struct increment *increment)
{
    free(increment->parent_name);
    chunk_list_done(&increment->chunks);
    *increment = (struct increment){.fd = -1};
}

/* -- chunks -- */

int increment_read_chunk(const struct increment *increment, const struct chunk *chunk, uint8_t *buffer,
                         struct error **err)
{
    uint8_t packed[CHUNK_MAX], hash[CHUNK_HASH];
    bool plain = chunk->stored & INCREMENT_PLAIN;
    size_t length = chunk->stored & ~INCREMENT_PLAIN, n = length;

    if (read_at(increment->fd, plain ? buffer : packed, length, chunk->at) != (ssize_t) length)
        return damaged(err, "it is cut off");
    if (!plain)
        n = ZSTD_decompress(buffer, CHUNK_MAX, packed, length);
    if (ZSTD_isError(n) || n != chunk->size)
        return damaged(err, "a chunk cannot be unpacked");
    if (chunk_hash(buffer, n, hash, err) < 0)
        return -error_code(*err);
    return memcmp(hash, chunk->hash, CHUNK_HASH) == 0 ? 0 : damaged(err, "the checksum of a chunk is wrong");
}
