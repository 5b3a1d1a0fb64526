/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open addressing; 0 marks a free place. Used for image layers alone, where entries must be told from lower ones. */
#include "transfer/path_set.h"

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct path_set {
    uint64_t *hash;
    size_t size;                /* a power of two */
    size_t count;
    bool is_full;
};

/* FNV-1a. Collisions made on purpose only spare a file of the archive's own maker. */
static uint64_t hash_of(const char *path)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (; *path; path++)
        hash = (hash ^ (unsigned char) *path) * 0x100000001b3;
    return hash ? hash : 1;
}

struct path_set *path_set_new(void)
{
    struct path_set *set = mem_alloc(sizeof *set);

    set->size = 1024;
    set->hash = mem_alloc(set->size * sizeof *set->hash);
    return set;
}

static size_t place_of(const struct path_set *set, uint64_t hash)
{
    size_t at = (size_t) hash & (set->size - 1);

    while (set->hash[at] && set->hash[at] != hash)
        at = (at + 1) & (set->size - 1);
    return at;
}

static void grow(struct path_set *set)
{
    uint64_t *old = set->hash;
    size_t n = set->size;

    set->size = 2 * n;
    set->hash = mem_alloc(set->size * sizeof *set->hash);
    for (size_t i = 0; i < n; i++)
        if (old[i])
            set->hash[place_of(set, old[i])] = old[i];
    free(old);
}

void path_set_add(struct path_set *set, const char *path)
{
    uint64_t hash = hash_of(path);
    size_t at = place_of(set, hash);

    if (set->hash[at])
        return;
    if (set->count == PATH_SET_MAX) {
        set->is_full = true;
        return;
    }
    set->hash[at] = hash;
    if (++set->count * 4 > set->size * 3)
        grow(set);
}

bool path_set_has(const struct path_set *set, const char *path)
{
    return set->hash[place_of(set, hash_of(path))] != 0;
}

bool path_set_is_full(const struct path_set *set)
{
    return set->is_full;
}

struct path_set *path_set_free(struct path_set *set)
{
    if (set)
        free(set->hash);
    free(set);
    return NULL;
}
