/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream out of an increment and what it is since. Each of the files is read once, from its start to its end: what
 * is wanted of it is written to wherever it belongs. Of a whole export all is read, of an increment what is wanted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "transfer/increment.h"
#include "transfer/increment_format.h"
#include "transfer/raw.h"
#include "transfer/stream.h"

#define NO_PLACE UINT32_MAX

/* Where a chunk goes in the stream. */
struct position {
    uint64_t at;
    uint32_t next;              /* the next chunk of the same content */
};

struct assembly {
    const struct assemble *how;
    struct channel *up;
    struct increment newest;
    struct position *place;
    uint8_t *done;              /* of the first chunk with its content */
    uint64_t written;
    struct chunk_list *seen;    /* what the whole export is made of */
};

int increment_look_work(void *data, struct channel *up, struct error **err)
{
    const struct increment_look *look = data;
    CLEANUP(increment_done) struct increment increment = {.fd = -1};

    if (increment_open(look->input_fd, &increment, err) < 0)
        return -error_code(*err);
    channel_fact(up, "kind=%s", increment.kind == INCREMENT_TAR ? "tar" : "disk");
    channel_fact(up, "parent=%s", increment.parent_name);
    return 0;
}

/* Where each chunk goes, chained behind the first one with its content. */
static void find_places(struct assembly *assembly)
{
    const struct chunk_list *chunks = &assembly->newest.chunks;
    uint64_t at = 0;

    assembly->place = mem_alloc(chunks->count * sizeof *assembly->place + 1);
    assembly->done = mem_alloc(chunks->count + 1);
    for (size_t i = 0; i < chunks->count; i++) {
        size_t first = chunk_list_find(chunks, chunks->item[i].hash);

        assembly->place[i] = (struct position){.at = at, .next = NO_PLACE};
        if (first != i) {
            assembly->place[i].next = assembly->place[first].next;
            assembly->place[first].next = (uint32_t) i;
        }
        at += chunks->item[i].size;
    }
}

static int put(struct assembly *assembly, size_t first, const uint8_t *bytes, size_t size, struct error **err)
{
    for (uint32_t i = (uint32_t) first; i != NO_PLACE; i = assembly->place[i].next) {
        if (assembly->newest.chunks.item[i].size != size)
            return fail(err, EBADMSG, "two chunks with one content have two sizes");

        int r = sparse_write(assembly->how->output_fd, (const char *) bytes, size, assembly->place[i].at);
        if (r < 0) {
            fail(err, -r, "cannot write what the increment stands for");
            fail_id(*err, "R5185");
            return r;
        }
        assembly->written += size;
    }
    assembly->done[first] = 1;
    channel_progress(assembly->up, assembly->written, assembly->newest.size);
    return 0;
}

static int take_from_increment(struct assembly *assembly, const struct increment *source, uint8_t *buffer,
                               struct error **err)
{
    for (size_t i = 0; i < source->chunks.count; i++) {
        const struct chunk *chunk = &source->chunks.item[i];
        size_t first = chunk->stored ? chunk_list_find(&assembly->newest.chunks, chunk->hash) : CHUNK_NONE;

        if (first == CHUNK_NONE || assembly->done[first])
            continue;
        if (increment_read_chunk(source, chunk, buffer, err) < 0 || put(assembly, first, buffer, chunk->size, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

static int take_from_whole(void *data, const uint8_t *bytes, size_t size, struct error **err)
{
    struct assembly *assembly = data;
    struct chunk chunk = {.size = (uint32_t) size};

    if (chunk_hash(bytes, size, chunk.hash, err) < 0)
        return -error_code(*err);
    chunk_list_add(assembly->seen, &chunk);

    size_t first = chunk_list_find(&assembly->newest.chunks, chunk.hash);
    return first == CHUNK_NONE || assembly->done[first] ? 0 : put(assembly, first, bytes, size, err);
}

/* -- the files, newest first -- */

static int check_parent(const struct assembly *assembly, size_t index, const struct chunk_list *chunks,
                        const uint8_t *wanted, struct error **err)
{
    char *const *names = assembly->how->names;
    uint8_t id[CHUNK_HASH];

    if (chunk_list_id(chunks, id, err) < 0)
        return -error_code(*err);
    if (memcmp(id, wanted, CHUNK_HASH) == 0)
        return 0;
    fail_plain(err, EBADMSG, "'%s' is not what '%s' is since", names[index], names[index - 1]);
    fail_id(*err, "R5183");
    fail_hint(*err, "it was written anew, or is damaged; the export of that time is needed");
    return -EBADMSG;
}

static int take_whole(struct assembly *assembly, size_t index, const uint8_t *wanted, struct error **err)
{
    CLEANUP(chunk_list_done) struct chunk_list seen = {0};
    CLEANUP(stream_closep) struct stream *stream = NULL;
    int fd = assembly->how->fds[index];

    assembly->seen = &seen;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return fail(err, errno, "cannot read '%s'", assembly->how->names[index]);
    if (stream_open(fd, &stream, err) < 0 || stream_chunk(stream, take_from_whole, assembly, err) < 0)
        return fail_in(err, "'%s'", assembly->how->names[index]);
    return check_parent(assembly, index, &seen, wanted, err);
}

static int take_increment(struct assembly *assembly, size_t index, uint8_t wanted[CHUNK_HASH], uint8_t *buffer,
                          struct error **err)
{
    CLEANUP(increment_done) struct increment increment = {.fd = -1};

    if (increment_open(assembly->how->fds[index], &increment, err) < 0 ||
        check_parent(assembly, index, &increment.chunks, wanted, err) < 0 ||
        take_from_increment(assembly, &increment, buffer, err) < 0)
        return fail_in(err, "'%s'", assembly->how->names[index]);
    (void) memcpy(wanted, increment.parent, CHUNK_HASH);
    return 0;
}

static int check_complete(const struct assembly *assembly, struct error **err)
{
    const struct chunk_list *chunks = &assembly->newest.chunks;

    for (size_t i = 0; i < chunks->count; i++) {
        size_t first = chunk_list_find(chunks, chunks->item[i].hash);

        if (assembly->done[first])
            continue;
        fail_plain(err, EBADMSG, "a part of '%s' is neither in it nor in what it is since", assembly->how->names[0]);
        fail_id(*err, "R5184");
        return -EBADMSG;
    }
    if (ftruncate(assembly->how->output_fd, (off_t) assembly->newest.size) == 0)
        return 0;
    fail(err, errno, "cannot write what the increment stands for");
    fail_id(*err, "R5185");
    return -error_code(*err);
}

static int take_all(struct assembly *assembly, uint8_t *buffer, struct error **err)
{
    const struct assemble *how = assembly->how;
    uint8_t wanted[CHUNK_HASH];

    if (increment_open(how->fds[0], &assembly->newest, err) < 0)
        return fail_in(err, "'%s'", how->names[0]);
    find_places(assembly);
    if (take_from_increment(assembly, &assembly->newest, buffer, err) < 0)
        return fail_in(err, "'%s'", how->names[0]);
    (void) memcpy(wanted, assembly->newest.parent, CHUNK_HASH);
    for (size_t i = 1; i < how->count; i++) {
        int r = i + 1 < how->count ? take_increment(assembly, i, wanted, buffer, err)
                                   : take_whole(assembly, i, wanted, err);
        if (r < 0)
            return r;
    }
    return check_complete(assembly, err);
}

int assemble_work(void *data, struct channel *up, struct error **err)
{
    struct assembly assembly = {.how = data, .up = up, .newest = {.fd = -1}};
    auto_free uint8_t *buffer = mem_alloc(CHUNK_MAX);
    int r = take_all(&assembly, buffer, err);

    increment_done(&assembly.newest);
    free(assembly.place);
    free(assembly.done);
    return r;
}
