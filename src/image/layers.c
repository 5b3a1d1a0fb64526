/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frozen trees. Who they are frozen for is in lineage.c. */
#include "image/layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/strings.h"
#include "image/lineage.h"
#include "image/remove_tree.h"

const char *layer_form_name(enum layer_form form)
{
    return form == LAYER_TREE ? "tree" : "stub";
}

static bool id_is_valid(const char *id)
{
    return strlen(id) == POOL_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == POOL_ID_SIZE - 1;
}

static int open_layer_folder(const struct pool *pool, const char *id)
{
    auto_close int layers_fd = pool_open_folder(pool, "layers", false);

    if (!id_is_valid(id)) {
        errno = ENOENT;
        return -1;
    }
    return layers_fd < 0 ? -1 : openat(layers_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int layer_begin(const struct pool *pool, const char *of, char ret_id[POOL_ID_SIZE], int *ret_fd, struct error **err)
{
    auto_close int layers_fd = pool_open_folder(pool, "layers", true), fd = -1;
    char id[POOL_ID_SIZE];

    pool_new_id(id);
    if (layers_fd < 0 || mkdirat(layers_fd, id, 0700) < 0 ||
        (fd = openat(layers_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        return fail(err, errno, "cannot make a layer in %s/" POOL_NAME, pool->folder);

    auto_free char *text = mem_format("# redd layer 1\nof=%s\ntime=%lld\n", of, (long long) time(NULL));
    if (pool_write_file(fd, "layer", text, err) < 0) {
        layer_abandon(pool, id);
        return -error_code(*err);
    }
    memcpy(ret_id, id, sizeof id);
    *ret_fd = take_fd(&fd);
    return 0;
}

void layer_abandon(const struct pool *pool, const char *id)
{
    auto_close int layers_fd = pool_open_folder(pool, "layers", false);

    if (layers_fd >= 0)
        (void) remove_tree(layers_fd, id);
}

int layer_link(const struct pool *pool, const char *id, int dir_fd)
{
    auto_close int fd = open_layer_folder(pool, id);

    return fd < 0 || linkat(fd, "layer", dir_fd, id, 0) < 0 ? -errno : 0;
}

bool layer_is_linked(const struct pool *pool, const char *id, int dir_fd)
{
    auto_close int fd = open_layer_folder(pool, id);
    struct stat own, other;

    return fd >= 0 && fstatat(fd, "layer", &own, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(dir_fd, id, &other, AT_SYMLINK_NOFOLLOW) == 0 && own.st_ino == other.st_ino &&
           own.st_dev == other.st_dev;
}

int layer_open(const struct pool *pool, const char *id, int *ret_fd)
{
    auto_close int fd = open_layer_folder(pool, id);
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };

    if (fd < 0)
        return -errno;
    int tree = sys_openat2(fd, "tree", &how, sizeof how);
    if (tree < 0 && errno == ENOENT)
        tree = sys_openat2(fd, "stub/upper", &how, sizeof how);
    if (tree < 0)
        return -errno;
    *ret_fd = tree;
    return 0;
}

/* What is to be exchanged for the tree names the layer it is made for, so this tells a layer that did not come to be.
 * The name alone would not: the tree is a container's, which may have any file; a link to the layer it has not. */
static bool holds_its_own_user(const struct pool *pool, int layer_fd, const char *id)
{
    for (enum layer_form form = LAYER_TREE; form <= LAYER_STUB; form++) {
        auto_close int fd = openat(layer_fd, layer_form_name(form), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        auto_close int links_fd =
            fd < 0 ? -1 : openat(fd, LINEAGE_LINKS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (links_fd >= 0 && layer_is_linked(pool, id, links_fd))
            return true;
    }
    return false;
}

static bool is_whole(const struct pool *pool, const char *id)
{
    auto_close int fd = open_layer_folder(pool, id), tree_fd = -1;

    return fd >= 0 && faccessat(fd, "layer", F_OK, AT_SYMLINK_NOFOLLOW) == 0 && layer_open(pool, id, &tree_fd) == 0 &&
           !holds_its_own_user(pool, fd, id);
}

int layers_list(const struct pool *pool, struct layer_use **ret, size_t *ret_n, struct error **err)
{
    int layers_fd = pool->fd < 0 ? -1 : pool_open_folder(pool, "layers", false);
    DIR *dir = layers_fd < 0 ? NULL : fdopendir(layers_fd);

    *ret = NULL;
    *ret_n = 0;
    if (!dir)
        return pool->fd < 0 || errno == ENOENT ? 0 : fail(err, errno, "cannot read %s/" POOL_NAME "/layers",
                                                          pool->folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        auto_free char *file = mem_format("%s/layer", entry->d_name);
        struct layer_use use = {.links = -1};
        struct stat st;

        if (!id_is_valid(entry->d_name))
            continue;
        memcpy(use.id, entry->d_name, sizeof use.id);
        if (is_whole(pool, use.id) && fstatat(dirfd(dir), file, &st, AT_SYMLINK_NOFOLLOW) == 0)
            use.links = (int) st.st_nlink - 1;
        MEM_GROW(*ret, *ret_n);
        (*ret)[(*ret_n)++] = use;
    }
    (void) closedir(dir);
    return 0;
}

int layers_recover(const struct pool *pool, bool *found, struct error **err)
{
    auto_free struct layer_use *uses = NULL;
    size_t n;

    if (layers_list(pool, &uses, &n, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < n; i++)
        if (uses[i].links < 0)
            layer_abandon(pool, uses[i].id);
        else if (uses[i].links == 0)
            *found = true;
    return 0;
}

/* Moves a layer out of the way and gives up its own links to those below it, which may be free then. */
static int retire(const struct pool *pool, const struct pool_work *work, const char *id, struct error **err)
{
    auto_free char *links = mem_format("%s/stub/" LINEAGE_LINKS, id);
    auto_close int layers_fd = pool_open_folder(pool, "layers", false);

    if (layers_fd < 0 || renameat(layers_fd, id, work->fd, id) < 0)
        return fail(err, errno, "cannot remove the layer %s", id);
    int r = remove_tree(work->fd, links);
    return r < 0 ? fail(err, -r, "cannot remove the layer %s", id) : 0;
}

/* 1: at least one was retired. */
static int retire_unused(struct pool *pool, const struct pool_work *work, struct strings *copied, bool *searched,
                         struct error **err)
{
    auto_free struct layer_use *uses = NULL;
    int retired = 0;
    size_t n;

    if (layers_list(pool, &uses, &n, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < n; i++) {
        if (uses[i].links != 0)
            continue;
        if (!*searched && lineages_named(pool, copied, err) < 0)
            return -error_code(*err);
        *searched = true;
        if (strings_contain(copied, uses[i].id))
            continue;
        if (retire(pool, work, uses[i].id, err) < 0)
            return -error_code(*err);
        retired = 1;
    }
    return retired;
}

int layers_collect(struct pool *pool, const struct pool_work *work, struct error **err)
{
    CLEANUP(strings_done) struct strings copied = {0};
    bool searched = false;
    int r;

    do
        r = retire_unused(pool, work, &copied, &searched, err);
    while (r == 1);
    return r;
}
