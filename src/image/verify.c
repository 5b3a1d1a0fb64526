/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checking what layers.h, lineage.h and history.h promise. */
#include "image/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/pool.h"

struct check {
    struct pool pool;
    struct strings *problems;
    struct verified *verified;
};

/* A machine in layers, or a snapshot of one: everything is there, and the kernel can make a tree of it. */
static void check_lineage(struct check *check, int fd, const char *path, const char *what)
{
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    auto_error struct error *err = NULL;
    auto_close int mount_fd = -1;

    if (lineage_open(fd, path, &tree, &err) < 0 ||
        (tree.n_lowers > 0 && lineage_mount(&tree, -1, true, &mount_fd, &err) < 0)) {
        strings_add_format(check->problems, "%s: %s", what, error_text(err));
        return;
    }
    if (tree.n_lowers > 0 && faccessat(fd, "work", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        strings_add_format(check->problems, "%s: its folder has no 'work'", what);
    if (tree.n_lowers > 0 && faccessat(fd, "README-redd", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        strings_add_format(check->problems, "%s: its folder has no 'README-redd'", what);
}

static DIR *open_directory(int dir_fd, const char *path)
{
    int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir)
        fd_closep(&fd);
    return dir;
}

static bool is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void check_images(struct check *check, const char *name)
{
    DIR *dir = open_directory(check->pool.folder_fd, ".");

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!is_entry(entry) || strcmp(entry->d_name, POOL_NAME) == 0 || (name && strcmp(name, entry->d_name) != 0))
            continue;
        auto_close int fd = openat(dirfd(dir), entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            continue;
        auto_free char *path = path_join(check->pool.folder, entry->d_name);
        auto_free char *what = mem_format("'%s'", entry->d_name);
        check->verified->images++;
        if (lineage_is_likely(fd))
            check_lineage(check, fd, path, what);
    }
    (void) closedir(dir);
}

/* Some file, folder or link that may be an image of that name. */
static bool image_exists(const struct check *check, const char *name)
{
    auto_free char *raw = mem_format("%s.raw", name), *stack = mem_format("%s.mstack", name);

    return faccessat(check->pool.folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(check->pool.folder_fd, raw, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(check->pool.folder_fd, stack, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void check_snapshot(struct check *check, int history_fd, const char *name, const char *tag)
{
    auto_free char *what = mem_format("snapshot '%s' of '%s'", tag, name);
    auto_close int fd = openat(history_fd, tag, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_close int tree_fd = fd < 0 ? -1 : openat(fd, "tree", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    check->verified->snapshots++;
    if (fd < 0 || faccessat(fd, "snapshot", F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
        (tree_fd < 0 && faccessat(fd, "image.raw", F_OK, AT_SYMLINK_NOFOLLOW) < 0)) {
        strings_add_format(check->problems, "%s: it is not whole", what);
        return;
    }
    if (tree_fd < 0 || !lineage_is_likely(tree_fd))
        return;
    /* its pool is found by the path that was written into it */
    auto_free char *path = path_join(check->pool.folder, tag);
    check_lineage(check, tree_fd, path, what);
}

static void check_history(struct check *check, int all_fd, const char *name)
{
    DIR *dir = open_directory(all_fd, name);

    if (!dir)
        return;
    if (!image_exists(check, name))
        strings_add_format(check->problems, "snapshots of '%s': there is no such image; they are in %s/" POOL_NAME
                           "/snapshots/%s", name, check->pool.folder, name);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (is_entry(entry))
            check_snapshot(check, dirfd(dir), name, entry->d_name);
    (void) closedir(dir);
}

static void check_histories(struct check *check, const char *name)
{
    DIR *dir = open_directory(check->pool.fd, "snapshots");

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (is_entry(entry) && (!name || strcmp(name, entry->d_name) == 0))
            check_history(check, dirfd(dir), entry->d_name);
    (void) closedir(dir);
}

static int check_layers(struct check *check, struct error **err)
{
    CLEANUP(strings_done) struct strings named = {0};
    auto_free struct layer_use *uses = NULL;
    size_t n;

    if (layers_list(&check->pool, &uses, &n, err) < 0 || lineages_named(&check->pool, &named, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < n; i++) {
        check->verified->layers++;
        if (uses[i].links < 0)
            strings_add_format(check->problems, "layer %s: it is not whole", uses[i].id);
        else if (uses[i].links == 0 && !strings_contain(&named, uses[i].id))
            strings_add_format(check->problems, "layer %s: nobody uses it", uses[i].id);
    }
    return 0;
}

/* After recovery there is nothing but what others are at work on. */
static void check_work(struct check *check)
{
    DIR *dir = open_directory(check->pool.fd, "tmp");

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (is_entry(entry) && !pool_work_is_alive(&check->pool, entry->d_name))
            strings_add_format(check->problems, "%s/" POOL_NAME "/tmp/%s: nobody is at work on it", check->pool.folder,
                               entry->d_name);
    (void) closedir(dir);
}

static void check_done(struct check *check)
{
    pool_done(&check->pool);
}

int pool_verify(const char *folder, const char *name, struct strings *ret_problems, struct verified *ret,
                struct error **err)
{
    CLEANUP(check_done) struct check check = {.pool = POOL_NONE, .problems = ret_problems, .verified = ret};

    if (pool_look(folder, &check.pool, err) < 0)
        return -error_code(*err);
    if (check.pool.fd >= 0) {
        pool_done(&check.pool);
        if (pool_change(folder, &check.pool, err) < 0)
            return -error_code(*err);
    }
    check_images(&check, name);
    if (check.pool.fd < 0)
        return 0;
    check_histories(&check, name);
    check_work(&check);
    return name ? 0 : check_layers(&check, err);
}
