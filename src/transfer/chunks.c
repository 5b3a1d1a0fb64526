/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cutting is FastCDC's: a gear hash, no look at the first 16 KiB of a piece, and two masks that bring sizes
 * together around 64 KiB. */
#include "transfer/chunks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "transfer/digest.h"

#define BUFFER_SIZE (4 * CHUNK_MAX)
#define CHUNK_WANTED (64u * 1024)
#define MASK_BEFORE (~0ull << (64 - 18))    /* as long as it is shorter than wanted: one cut in 2^18 bytes */
#define MASK_BEHIND (~0ull << (64 - 14))

/* The table is part of the file format: 256 numbers of splitmix64 from 0 on. */
static void fill_gear(uint64_t gear[256])
{
    uint64_t state = 0;

    for (size_t i = 0; i < 256; i++) {
        uint64_t z = state += 0x9e3779b97f4a7c15;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        gear[i] = z ^ (z >> 31);
    }
}

void chunker_init(struct chunker *chunker, chunk_function *emit, void *data)
{
    fill_gear(chunker->gear);
    chunker->buffer = mem_alloc(BUFFER_SIZE);
    chunker->filled = 0;
    chunker->emit = emit;
    chunker->data = data;
}

void chunker_done(struct chunker *chunker)
{
    free(chunker->buffer);
    chunker->buffer = NULL;
}

/* Where the first piece of BYTES ends. */
static size_t find_cut(const struct chunker *chunker, const uint8_t *bytes, size_t size)
{
    size_t most = size < CHUNK_MAX ? size : CHUNK_MAX, middle = most < CHUNK_WANTED ? most : CHUNK_WANTED, i;
    uint64_t hash = 0;

    for (i = CHUNK_MIN; i < middle; i++) {
        hash = (hash << 1) + chunker->gear[bytes[i]];
        if ((hash & MASK_BEFORE) == 0)
            return i + 1;
    }
    for (; i < most; i++) {
        hash = (hash << 1) + chunker->gear[bytes[i]];
        if ((hash & MASK_BEHIND) == 0)
            return i + 1;
    }
    return most;
}

/* Gives away what is complete; with ALL, everything. */
static int cut(struct chunker *chunker, bool all, struct error **err)
{
    size_t at = 0;

    while (chunker->filled - at >= CHUNK_MAX || (all && chunker->filled > at)) {
        size_t size = find_cut(chunker, chunker->buffer + at, chunker->filled - at);

        if (chunker->emit(chunker->data, chunker->buffer + at, size, err) < 0)
            return -error_code(*err);
        at += size;
    }
    chunker->filled -= at;
    (void) memmove(chunker->buffer, chunker->buffer + at, chunker->filled);
    return 0;
}

int chunker_write(struct chunker *chunker, const void *bytes, size_t size, struct error **err)
{
    const uint8_t *from = bytes;

    while (size > 0) {
        size_t room = BUFFER_SIZE - chunker->filled, n = size < room ? size : room;

        (void) memcpy(chunker->buffer + chunker->filled, from, n);
        chunker->filled += n;
        from += n;
        size -= n;
        if (chunker->filled == BUFFER_SIZE && cut(chunker, false, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

int chunker_finish(struct chunker *chunker, struct error **err)
{
    return cut(chunker, true, err);
}

/* -- lists -- */

static size_t slot_of(const struct chunk_list *list, const uint8_t *hash)
{
    uint64_t word[4], sum = 0;

    (void) memcpy(word, hash, sizeof word);
    for (size_t i = 0; i < 4; i++) {
        sum += (word[i] ^ (word[i] >> 32)) * list->key[i];
        sum ^= sum >> 29;
    }
    return (size_t) sum & (list->n_slots - 1);
}

/* The slot with HASH, or the free one where it goes. */
static size_t find_slot(const struct chunk_list *list, const uint8_t *hash)
{
    size_t at = slot_of(list, hash);

    while (list->slot[at] && memcmp(list->item[list->slot[at] - 1].hash, hash, CHUNK_HASH) != 0)
        at = (at + 1) & (list->n_slots - 1);
    return at;
}

static void enter(struct chunk_list *list, size_t index)
{
    size_t at = find_slot(list, list->item[index].hash);

    if (!list->slot[at])
        list->slot[at] = (uint32_t) index + 1;
}

static void grow(struct chunk_list *list)
{
    if (!list->n_slots && getrandom(list->key, sizeof list->key, 0) != sizeof list->key)
        abort();
    for (size_t i = 0; i < 4; i++)
        list->key[i] |= 1;
    free(list->slot);
    list->n_slots = list->n_slots ? 2 * list->n_slots : 1024;
    list->slot = mem_alloc(list->n_slots * sizeof *list->slot);
    for (size_t i = 0; i < list->count; i++)
        enter(list, i);
}

size_t chunk_list_find(const struct chunk_list *list, const uint8_t *hash)
{
    uint32_t index = list->n_slots ? list->slot[find_slot(list, hash)] : 0;

    return index ? index - 1 : CHUNK_NONE;
}

void chunk_list_add(struct chunk_list *list, const struct chunk *chunk)
{
    if (2 * list->count >= list->n_slots)
        grow(list);
    MEM_GROW(list->item, list->count);
    list->item[list->count++] = *chunk;
    enter(list, list->count - 1);
}

void chunk_list_done(struct chunk_list *list)
{
    free(list->item);
    free(list->slot);
    *list = (struct chunk_list){0};
}

int chunk_hash(const void *bytes, size_t size, uint8_t ret[CHUNK_HASH], struct error **err)
{
    struct digest digest;

    if (digest_of_bytes(DIGEST_SHA256, bytes, size, &digest, err) < 0)
        return -error_code(*err);
    (void) memcpy(ret, digest.bytes, CHUNK_HASH);
    return 0;
}

int chunk_list_id(const struct chunk_list *list, uint8_t ret[CHUNK_HASH], struct error **err)
{
    auto_free uint8_t *hashes = mem_alloc(list->count * CHUNK_HASH + 1);

    for (size_t i = 0; i < list->count; i++)
        (void) memcpy(hashes + i * CHUNK_HASH, list->item[i].hash, CHUNK_HASH);
    return chunk_hash(hashes, list->count * CHUNK_HASH, ret, err);
}
