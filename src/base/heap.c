/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The heap of the static runner, in place of the C library's: for a program of one thread that allocates a few hundred
 * small things and then waits. A start that maps a region for every size of block pays for each with two system calls
 * and a page fault; here all blocks lie side by side in memory the program has anyway, and what is freed is kept by
 * size for the next one. Linked into the runner only (src/meson.build); tests use the library's heap, which checks
 * more.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGNMENT = 16,
    SMALL_MAX = 1024,           /* blocks up to this size: one list for each multiple of ALIGNMENT */
    LARGE_CLASSES = 22,         /* above: one for each power of two */
    ARENA_FIRST = 96 << 10,
    ARENA_MORE = 1 << 20,
    /* from here on a mapping of its own, given back at once; no smaller size may be rounded up to one of these */
    MAPPED_MIN = (64 << 10) + 1,
};

struct block {
    size_t size;                /* of what follows; a multiple of ALIGNMENT */
    struct block *next;         /* while free */
};

enum { HEADER = ALIGNMENT };

/* The heap is the one state that a program has by its nature: malloc() has no argument to carry it in. */
static struct {
    struct block *small[SMALL_MAX / ALIGNMENT + 1], *large[LARGE_CLASSES];
    char *at, *end;
} heap;
static char first_arena[ARENA_FIRST] __attribute__((aligned(ALIGNMENT), section(".bss.arena")));

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *old, size_t size);
void free(void *p);
void *aligned_alloc(size_t alignment, size_t size);

static struct block *block_of(void *p)
{
    return (struct block *) ((char *) p - HEADER);
}

/* Rounds SIZE up to what a block of its list holds. */
static struct block **list_for(size_t *size)
{
    if (*size <= SMALL_MAX) {
        *size = (*size + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);
        return &heap.small[*size / ALIGNMENT];
    }

    unsigned class = 11;
    while ((size_t) 1 << class < *size)
        class++;
    *size = (size_t) 1 << class;
    return &heap.large[class];
}

static void *map(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static struct block *carve(size_t size)
{
    if (!heap.at) {
        heap.at = first_arena;
        heap.end = first_arena + ARENA_FIRST;
    }
    if ((size_t) (heap.end - heap.at) < size + HEADER) {
        char *more = map(ARENA_MORE);

        if (!more)
            return NULL;
        heap.at = more;
        heap.end = more + ARENA_MORE;
    }

    struct block *block = (struct block *) heap.at;
    heap.at += size + HEADER;
    block->size = size;
    return block;
}

/* What malloc() does, under a name that compilers know nothing about: they turn a malloc() with a memset() behind it
 * into calloc(), in calloc() itself as well. */
static void *allocate(size_t size)
{
    struct block *block;

    if (size >= MAPPED_MIN) {
        if (size > PTRDIFF_MAX - HEADER || !(block = map(size + HEADER))) {
            errno = ENOMEM;
            return NULL;
        }
        block->size = size;
        return (char *) block + HEADER;
    }

    struct block **list = list_for(&size);
    block = *list;
    if (block)
        *list = block->next;
    else if (!(block = carve(size))) {
        errno = ENOMEM;
        return NULL;
    }
    return (char *) block + HEADER;
}

void *malloc(size_t size)
{
    return allocate(size);
}

void free(void *p)
{
    if (!p)
        return;

    struct block *block = block_of(p);
    if (block->size >= MAPPED_MIN) {
        int kept = errno;

        (void) munmap(block, block->size + HEADER);
        errno = kept;
        return;
    }
    if ((char *) p + block->size == heap.at) {  /* the last one carved: the next takes its place */
        heap.at = (char *) block;
        return;
    }

    size_t size = block->size;
    struct block **list = list_for(&size);
    block->next = *list;
    *list = block;
}

void *calloc(size_t n, size_t size)
{
    size_t all;

    if (__builtin_mul_overflow(n, size, &all)) {
        errno = ENOMEM;
        return NULL;
    }

    void *p = allocate(all);
    return p && all < MAPPED_MIN ? memset(p, 0, all) : p;
}

void *realloc(void *old, size_t size)
{
    if (!old)
        return malloc(size);

    size_t had = block_of(old)->size;
    if (size <= had && (had < MAPPED_MIN || size >= MAPPED_MIN))
        return old;

    void *p = malloc(size);
    if (p) {
        memcpy(p, old, had < size ? had : size);
        free(old);
    }
    return p;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (alignment > ALIGNMENT) {        /* nobody in this program asks for it */
        errno = ENOMEM;
        return NULL;
    }
    return malloc(size);
}
