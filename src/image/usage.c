/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting. Two passes: who uses which layer, then what that makes for each. */
#include "image/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/history.h"
#include "image/image_info.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/tree_size.h"

enum { NOBODY = -1, MANY = -2 };

/* A layer and whose it is: the number of an image, NOBODY or MANY. */
struct counted_layer {
    char id[POOL_ID_SIZE];
    uint64_t bytes;
    int user;
    bool live;                  /* some machine's tree is made of it, not just a snapshot */
};

/* The layers of one folder's pool, sorted by id. */
struct counted_pool {
    struct pool pool;
    struct counted_layer *layer;
    size_t n_layers;
};

struct count {
    struct counted_pool *pool;
    size_t n_pools;
};

static void count_done(struct count *count)
{
    for (size_t i = 0; i < count->n_pools; i++) {
        pool_done(&count->pool[i].pool);
        free(count->pool[i].layer);
    }
    free(count->pool);
}

static int compare_layers(const void *a, const void *b)
{
    return strcmp(((const struct counted_layer *) a)->id, ((const struct counted_layer *) b)->id);
}

/* Reads what was counted before, or counts. */
static uint64_t layer_bytes(const struct pool *pool, const char *id)
{
    auto_free char *path = mem_format("layers/%s/usage", id), *text = NULL;
    auto_error struct error *ignored = NULL;
    auto_close int fd = -1;
    uint64_t bytes;

    if (file_read_quiet(pool->fd, path, 64, &text) == 0 && parse_u64(string_trim(text), &bytes) == 0)
        return bytes;
    if (layer_open(pool, id, &fd) < 0 || tree_size(fd, &bytes) < 0)
        return 0;
    free(TAKE(text));
    text = mem_format("%" PRIu64 "\n", bytes);
    (void) file_replace_at(pool->fd, path, text, strlen(text), 0644, &ignored);
    return bytes;
}

static int load_pool(const char *folder, struct counted_pool *ret, struct error **err)
{
    auto_free struct layer_use *uses = NULL;
    size_t n;

    *ret = (struct counted_pool){.pool = POOL_NONE};
    if (pool_look(folder, &ret->pool, err) < 0 || layers_list(&ret->pool, &uses, &n, err) < 0)
        return -error_code(*err);
    ret->layer = mem_alloc((n + 1) * sizeof *ret->layer);
    for (size_t i = 0; i < n; i++) {
        if (uses[i].links < 0)
            continue;
        struct counted_layer *layer = &ret->layer[ret->n_layers++];

        memcpy(layer->id, uses[i].id, sizeof layer->id);
        layer->user = NOBODY;
        layer->bytes = layer_bytes(&ret->pool, layer->id);
    }
    if (ret->n_layers > 0)
        qsort(ret->layer, ret->n_layers, sizeof *ret->layer, compare_layers);
    return 0;
}

static struct counted_pool *pool_of(struct count *count, const struct image *image, struct error **err)
{
    auto_free char *folder = path_parent(image->entry);

    for (size_t i = 0; i < count->n_pools; i++)
        if (strcmp(count->pool[i].pool.folder, folder) == 0)
            return &count->pool[i];
    MEM_GROW(count->pool, count->n_pools);
    struct counted_pool *pool = &count->pool[count->n_pools++];
    return load_pool(folder, pool, err) < 0 ? NULL : pool;
}

static struct counted_layer *find_layer(const struct counted_pool *pool, const char *id)
{
    struct counted_layer key = {.id = ""};

    (void) snprintf(key.id, sizeof key.id, "%s", id);
    return pool->n_layers ? bsearch(&key, pool->layer, pool->n_layers, sizeof key, compare_layers) : NULL;
}

/* What one image is made of. */
struct parts {
    struct counted_pool *pool;
    struct lineage lineage;
    struct snapshot_records snapshots;
    struct lineage *snapshot_lineage;
};

static void parts_done(struct parts *parts)
{
    for (size_t i = 0; parts->snapshot_lineage && i < parts->snapshots.count; i++)
        lineage_done(&parts->snapshot_lineage[i]);
    free(parts->snapshot_lineage);
    lineage_done(&parts->lineage);
    snapshot_records_done(&parts->snapshots);
}

static void read_lineage(const char *path, struct lineage *ret)
{
    auto_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    auto_error struct error *ignored = NULL;

    if (fd >= 0 && lineage_is_likely(fd))
        (void) lineage_read(fd, path, ret, &ignored);
}

static int parts_read(struct count *count, const struct image *image, struct parts *ret, struct error **err)
{
    struct counted_pool *pool = pool_of(count, image, err);

    if (!pool)
        return -error_code(*err);
    *ret = (struct parts){0};
    if (pool->pool.fd < 0)
        return 0;
    if (image->type == IMAGE_DIRECTORY)
        read_lineage(image->path, &ret->lineage);
    if (history_list(image, &ret->snapshots, err) < 0)
        return -error_code(*err);
    ret->snapshot_lineage = mem_alloc((ret->snapshots.count + 1) * sizeof(struct lineage));
    for (size_t i = 0; i < ret->snapshots.count; i++)
        if (ret->snapshots.item[i].layered)
            read_lineage(ret->snapshots.item[i].path, &ret->snapshot_lineage[i]);
    return 0;
}

static void use_layers(const struct counted_pool *pool, const struct lineage *lineage, int user, bool live)
{
    for (size_t i = 0; i < lineage->layers.count; i++) {
        struct counted_layer *layer = find_layer(pool, lineage->layers.item[i]);

        if (!layer)
            continue;
        layer->user = layer->user == NOBODY || layer->user == user ? user : MANY;
        layer->live |= live;
    }
}

/* -- the second pass -- */

static uint64_t size_of(const char *path, enum image_type type)
{
    const struct image image = {.path = (char *) path, .entry = (char *) path, .type = type};
    struct image_info info;
    uint64_t bytes;

    image_info_read(&image, &info);
    if (info.usage_exclusive != SIZE_UNKNOWN)
        return info.usage_exclusive;
    auto_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || tree_size(fd, &bytes) < 0 ? 0 : bytes;
}

/* The upper layer, and the few small files and folders beside it, each of the size of the one they are in. */
static uint64_t size_of_layered(const char *path)
{
    enum { BESIDE = 6 };
    auto_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    auto_close int upper_fd = fd < 0 ? -1 : openat(fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    uint64_t bytes = 0;
    struct stat st;

    if (upper_fd < 0 || fstat(fd, &st) < 0 || tree_size(upper_fd, &bytes) < 0)
        return 0;
    return bytes + BESIDE * 512 * (uint64_t) st.st_blocks;
}

/* A layer is added to an image once, however many of its snapshots use it. */
static void add_layers(const struct counted_pool *pool, const struct lineage *lineage, int user, struct strings *seen,
                       struct image_usage *ret)
{
    for (size_t i = 0; i < lineage->layers.count; i++) {
        const struct counted_layer *layer = find_layer(pool, lineage->layers.item[i]);

        if (!layer || strings_contain(seen, layer->id))
            continue;
        strings_add(seen, layer->id);
        if (layer->user != user) {
            ret->shared += layer->bytes;
            continue;
        }
        ret->own += layer->bytes;
        if (!layer->live)
            ret->snapshots += layer->bytes;
    }
}

static void add_up(const struct image *image, const struct counted_pool *pool, const struct parts *parts, int user,
                   struct image_usage *ret)
{
    CLEANUP(strings_done) struct strings seen = {0};

    *ret = (struct image_usage){.n_layers = parts->lineage.layers.count, .n_snapshots = parts->snapshots.count};
    if (parts->lineage.layers.count > 0)
        ret->own = size_of_layered(image->path);
    else if (strcmp(image->name, ".host") != 0 && !image_is_link(image))
        ret->own = size_of(image->path, image->type);
    add_layers(pool, &parts->lineage, user, &seen, ret);
    for (size_t i = 0; i < parts->snapshots.count; i++) {
        const struct snapshot_record *record = &parts->snapshots.item[i];

        add_layers(pool, &parts->snapshot_lineage[i], user, &seen, ret);
        /* what subvolumes share nobody tells without quotas */
        if (record->layered || record->type == IMAGE_SUBVOLUME)
            continue;
        uint64_t bytes = size_of(record->path, record->type);
        ret->own += bytes;
        ret->snapshots += bytes;
    }
}

int images_usage_read(const struct images *images, struct image_usage *ret, uint64_t *ret_total, struct error **err)
{
    CLEANUP(count_done) struct count count = {0};
    struct parts *parts = mem_alloc((images->count + 1) * sizeof *parts);
    uint64_t total = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < images->count; i++) {
        r = parts_read(&count, &images->item[i], &parts[i], err);
        if (r < 0)
            break;
        const struct counted_pool *pool = pool_of(&count, &images->item[i], err);
        use_layers(pool, &parts[i].lineage, (int) i, true);
        for (size_t j = 0; j < parts[i].snapshots.count; j++)
            use_layers(pool, &parts[i].snapshot_lineage[j], (int) i, false);
    }
    for (size_t i = 0; r == 0 && i < images->count; i++) {
        add_up(&images->item[i], pool_of(&count, &images->item[i], err), &parts[i], (int) i, &ret[i]);
        total += ret[i].own;
    }
    for (size_t i = 0; r == 0 && i < count.n_pools; i++)
        for (size_t j = 0; j < count.pool[i].n_layers; j++)
            total += count.pool[i].layer[j].user < 0 ? count.pool[i].layer[j].bytes : 0;
    for (size_t i = 0; i < images->count; i++)
        parts_done(&parts[i]);
    free(parts);
    if (r == 0)
        *ret_total = total;
    return r;
}

int image_usage_read(const struct image *image, bool user_scope, struct image_usage *ret, struct error **err)
{
    CLEANUP(images_done) struct images all = {0};
    uint64_t total;

    /* whose a layer is, all have to be asked; only this one is counted */
    image_list(user_scope, &all);
    auto_free struct image_usage *usage = mem_alloc((all.count + 1) * sizeof *usage);
    for (size_t i = 0; i < all.count; i++) {
        if (strcmp(all.item[i].entry, image->entry) != 0)
            continue;
        if (images_usage_read(&all, usage, &total, err) < 0)
            return -error_code(*err);
        *ret = usage[i];
        return 0;
    }
    return fail(err, ENOENT, "cannot find %s again", image->entry);
}
