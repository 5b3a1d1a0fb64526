/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chunks: a stream cut where its content says so, and what such pieces are known by.
 *
 * A cut is made where the last 64 bytes have a certain sum. So a byte that is inserted moves the cuts around itself
 * only, and all other pieces of the stream are what they were. How long pieces are is part of a file format
 * (increment.h): it cannot change.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CHUNK_MIN (16u * 1024)
#define CHUNK_MAX (256u * 1024)
#define CHUNK_HASH 32u

struct chunk {
    uint8_t hash[CHUNK_HASH];   /* SHA-256 of its bytes */
    uint32_t size;
    uint32_t stored;            /* what it takes in a file; 0: it is not there */
    uint64_t at;                /* where in the file */
};

/* -- cutting -- */

typedef int chunk_function(void *data, const uint8_t *bytes, size_t size, struct error **err);

struct chunker {
    uint64_t gear[256];
    uint8_t *buffer;
    size_t filled;
    chunk_function *emit;
    void *data;
};

/* EMIT is given each piece, with DATA. */
void chunker_init(struct chunker *chunker, chunk_function *emit, void *data);
int chunker_write(struct chunker *chunker, const void *bytes, size_t size, struct error **err);
int chunker_finish(struct chunker *chunker, struct error **err);
void chunker_done(struct chunker *chunker);

/* -- lists -- */

/* Finds chunks by their hash. */
struct chunk_list {
    struct chunk *item;
    size_t count;
    uint32_t *slot;             /* index + 1; 0: free */
    size_t n_slots;
    uint64_t key[4];            /* random: who makes up hashes cannot have them collide here */
};

#define CHUNK_NONE SIZE_MAX

/* The first with that hash, or CHUNK_NONE. */
size_t chunk_list_find(const struct chunk_list *list, const uint8_t *hash);
/* Adds it behind the others. It is found when it is the first with its hash. */
void chunk_list_add(struct chunk_list *list, const struct chunk *chunk);
void chunk_list_done(struct chunk_list *list);

/* What tells the stream that is made of these chunks from all others. */
int chunk_list_id(const struct chunk_list *list, uint8_t ret[CHUNK_HASH], struct error **err);

int chunk_hash(const void *bytes, size_t size, uint8_t ret[CHUNK_HASH], struct error **err);
