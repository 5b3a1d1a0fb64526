/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks of 128 KiB are deflated side by side, each with the 32 KiB before it as its dictionary and ended at a byte's
 * border, so that their results one after another are one deflate stream. The caller fills blocks in turn and writes
 * out finished ones in the same order; when all are full it deflates, too.
 */
#include "transfer/parallel_gzip.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/fd.h"
#include "base/mem.h"

#define BLOCK_SIZE (128u << 10)
#define WINDOW_SIZE (32u << 10)
#define MAX_THREADS 16u
#define LEVEL 6

enum block_state { BLOCK_FREE, BLOCK_FULL, BLOCK_BUSY, BLOCK_READY };

struct block {
    enum block_state state;
    bool is_last;
    unsigned char *window, *in, *out;
    size_t window_size, size, out_size;
    uLong crc;
};

struct parallel_gzip {
    int fd;
    pthread_t thread[MAX_THREADS];
    unsigned n_threads;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopped;
    struct block *block;
    size_t n_blocks;
    size_t filling, deflating, writing;     /* counts: which block is next for whom */
    uLong crc;
    uint64_t total;
    bool has_header;
};

static size_t bound(void)
{
    return BLOCK_SIZE + BLOCK_SIZE / 1000 + 1024;
}

static void deflate_block(struct block *block)
{
    z_stream z = {0};

    block->crc = crc32(0, block->in, (uInt) block->size);
    block->out_size = 0;
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    if (block->window_size > 0)
        (void) deflateSetDictionary(&z, block->window, (uInt) block->window_size);
    z.next_in = block->in;
    z.avail_in = (uInt) block->size;
    z.next_out = block->out;
    z.avail_out = (uInt) bound();
    (void) deflate(&z, block->is_last ? Z_FINISH : Z_SYNC_FLUSH);
    block->out_size = bound() - z.avail_out;
    (void) deflateEnd(&z);
}

static struct block *block_at(struct parallel_gzip *gzip, size_t count)
{
    return &gzip->block[count % gzip->n_blocks];
}

/* Takes the next full block; NULL: there is none, and WAIT was not wanted or it is over. Called with the lock. */
static struct block *take_full(struct parallel_gzip *gzip, bool wait)
{
    for (;;) {
        struct block *block = block_at(gzip, gzip->deflating);

        if (gzip->deflating < gzip->filling && block->state == BLOCK_FULL) {
            block->state = BLOCK_BUSY;
            gzip->deflating++;
            return block;
        }
        if (!wait || gzip->stopped)
            return NULL;
        (void) pthread_cond_wait(&gzip->changed, &gzip->lock);
    }
}

static bool deflate_next(struct parallel_gzip *gzip, bool wait)
{
    struct block *block = take_full(gzip, wait);

    if (!block)
        return false;
    (void) pthread_mutex_unlock(&gzip->lock);
    deflate_block(block);
    (void) pthread_mutex_lock(&gzip->lock);
    block->state = BLOCK_READY;
    (void) pthread_cond_broadcast(&gzip->changed);
    return true;
}

static void *deflate_thread(void *data)
{
    struct parallel_gzip *gzip = data;

    (void) pthread_mutex_lock(&gzip->lock);
    while (deflate_next(gzip, true))
        continue;
    (void) pthread_mutex_unlock(&gzip->lock);
    return NULL;
}

static unsigned count_processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n < 1 ? 1 : n > (int) MAX_THREADS ? MAX_THREADS : (unsigned) n;
}

struct parallel_gzip *parallel_gzip_open(int output_fd)
{
    struct parallel_gzip *gzip = mem_alloc(sizeof *gzip);
    unsigned n = count_processors();
    sigset_t all, old;

    gzip->fd = output_fd;
    /* enough to go on with while the oldest one waits for a processor that somebody else has */
    gzip->n_blocks = 8 * (size_t) n;
    gzip->block = mem_alloc(gzip->n_blocks * sizeof *gzip->block);
    for (size_t i = 0; i < gzip->n_blocks; i++) {
        gzip->block[i].window = mem_alloc(WINDOW_SIZE);
        gzip->block[i].in = mem_alloc(BLOCK_SIZE);
        gzip->block[i].out = mem_alloc(bound());
    }
    (void) pthread_mutex_init(&gzip->lock, NULL);
    (void) pthread_cond_init(&gzip->changed, NULL);
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);
    while (gzip->n_threads < n && pthread_create(&gzip->thread[gzip->n_threads], NULL, deflate_thread, gzip) == 0)
        gzip->n_threads++;
    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
    return gzip;
}

/* Writes the block that is next in order, which is ready. Called without the lock. */
static int write_block(struct parallel_gzip *gzip, struct block *block)
{
    static const unsigned char header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    int r = 0;

    if (!gzip->has_header)
        r = fd_write_full(gzip->fd, header, sizeof header);
    gzip->has_header = true;
    gzip->crc = gzip->total == 0 ? block->crc : crc32_combine(gzip->crc, block->crc, (z_off_t) block->size);
    gzip->total += block->size;
    return r < 0 ? r : fd_write_full(gzip->fd, block->out, block->out_size);
}

/* Writes until the block to be filled next is free; with ALL, until none is left. Called with the lock. */
static int write_ready(struct parallel_gzip *gzip, bool all)
{
    int r = 0;

    while (r == 0 && gzip->writing < gzip->filling && (all || gzip->filling - gzip->writing == gzip->n_blocks)) {
        struct block *block = block_at(gzip, gzip->writing);

        if (block->state != BLOCK_READY) {
            /* nothing else to do: lend a hand */
            if (!deflate_next(gzip, false))
                (void) pthread_cond_wait(&gzip->changed, &gzip->lock);
            continue;
        }
        (void) pthread_mutex_unlock(&gzip->lock);
        r = write_block(gzip, block);
        (void) pthread_mutex_lock(&gzip->lock);
        block->state = BLOCK_FREE;
        block->size = 0;
        gzip->writing++;
    }
    return r;
}

/* Hands the block being filled over to the threads. */
static int submit(struct parallel_gzip *gzip, bool is_last)
{
    struct block *block = block_at(gzip, gzip->filling), *next;
    int r;

    (void) pthread_mutex_lock(&gzip->lock);
    block->is_last = is_last;
    block->state = BLOCK_FULL;
    gzip->filling++;
    (void) pthread_cond_broadcast(&gzip->changed);
    r = write_ready(gzip, is_last);
    (void) pthread_mutex_unlock(&gzip->lock);
    if (is_last)
        return r;
    next = block_at(gzip, gzip->filling);
    next->window_size = block->size < WINDOW_SIZE ? block->size : WINDOW_SIZE;
    (void) memcpy(next->window, block->in + block->size - next->window_size, next->window_size);
    return r;
}

int parallel_gzip_write(struct parallel_gzip *gzip, const void *bytes, size_t size)
{
    while (size > 0) {
        struct block *block = block_at(gzip, gzip->filling);
        size_t n = BLOCK_SIZE - block->size;

        n = n < size ? n : size;
        (void) memcpy(block->in + block->size, bytes, n);
        block->size += n;
        bytes = (const char *) bytes + n;
        size -= n;
        if (block->size == BLOCK_SIZE) {
            int r = submit(gzip, false);

            if (r < 0)
                return r;
        }
    }
    return 0;
}

int parallel_gzip_finish(struct parallel_gzip *gzip)
{
    int r = submit(gzip, true);
    unsigned char trailer[8];

    for (int i = 0; i < 4; i++) {
        trailer[i] = (unsigned char) (gzip->crc >> 8 * i);
        trailer[4 + i] = (unsigned char) (gzip->total >> 8 * i);
    }
    return r < 0 ? r : fd_write_full(gzip->fd, trailer, sizeof trailer);
}

void parallel_gzip_close(struct parallel_gzip *gzip)
{
    if (!gzip)
        return;
    (void) pthread_mutex_lock(&gzip->lock);
    gzip->stopped = true;
    (void) pthread_cond_broadcast(&gzip->changed);
    (void) pthread_mutex_unlock(&gzip->lock);
    for (unsigned i = 0; i < gzip->n_threads; i++)
        (void) pthread_join(gzip->thread[i], NULL);
    for (size_t i = 0; i < gzip->n_blocks; i++) {
        free(gzip->block[i].window);
        free(gzip->block[i].in);
        free(gzip->block[i].out);
    }
    (void) pthread_mutex_destroy(&gzip->lock);
    (void) pthread_cond_destroy(&gzip->changed);
    free(gzip->block);
    free(gzip);
}
