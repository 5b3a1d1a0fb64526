/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping trees. The layers' names are the host administrator's (mount options), not the tree's. */
#include "image/mapped_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/idmap.h"
#include "image/overlay.h"

void overlay_paths_done(struct overlay_paths *paths)
{
    strings_done(&paths->lowers);
    free(paths->upper);
    free(paths->work);
    *paths = (struct overlay_paths){0};
}

/* Undoes overlayfs's own backslashes, in place. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

/* Adds one value of lowerdir=, "top:middle:bottom", lowest first. */
static void add_lowers(struct strings *list, const char *value)
{
    CLEANUP(strings_done) struct strings top_first = {0};
    const char *start = value;

    for (const char *at = value;; at++) {
        if (*at == '\\' && at[1]) {
            at++;
            continue;
        }
        if (*at != ':' && *at)
            continue;
        char *one = mem_copy_bytes(start, (size_t) (at - start));
        unescape(one);
        strings_take(&top_first, one);
        if (!*at)
            break;
        start = at + 1;
    }
    for (size_t i = top_first.count; i > 0; i--)
        strings_add(list, top_first.item[i - 1]);
}

/* "lowerdir+" comes once for each layer, top first, without escapes. */
static void add_single_lowers(const struct mount_entry *entry, struct strings *list)
{
    for (size_t i = entry->super_options.count; i > 0; i--) {
        const char *value = string_after(entry->super_options.item[i - 1], "lowerdir+=");

        if (value)
            strings_add(list, value);
    }
}

/* A name that means the same to us as to whoever mounted it. */
static int check_path(const char *path, struct error **err)
{
    if (path_is_absolute(path) && !string_starts(path, "/proc/"))
        return 0;
    return fail_plain(err, EINVAL, *path ? "the overlay's layer '%s' cannot be reached by that name"
                                         : "the overlay has data-only layers%s", path);
}

int overlay_paths_read(const struct mount_entry *entry, struct overlay_paths *ret, struct error **err)
{
    CLEANUP(overlay_paths_done) struct overlay_paths paths = {0};
    const char *lower = mount_entry_option(entry, "lowerdir");

    if (mount_entry_option(entry, "datadir+"))
        return fail_plain(err, EINVAL, "the overlay has data-only layers");
    if (lower)
        add_lowers(&paths.lowers, lower);
    else
        add_single_lowers(entry, &paths.lowers);
    if (paths.lowers.count == 0)
        return fail_plain(err, EINVAL, "the overlay's options do not tell its layers");

    paths.upper = mem_copy_string(mount_entry_option(entry, "upperdir"));
    paths.work = mem_copy_string(mount_entry_option(entry, "workdir"));
    if (paths.upper && paths.work) {
        unescape(paths.upper);
        unescape(paths.work);
        if (check_path(paths.upper, err) < 0 || check_path(paths.work, err) < 0)
            return -EINVAL;
    }
    for (size_t i = 0; i < paths.lowers.count; i++)
        if (check_path(paths.lowers.item[i], err) < 0)
            return -EINVAL;
    *ret = paths;
    paths = (struct overlay_paths){0};
    return 0;
}

struct layers {
    int *lower_fds;
    size_t n_lowers;
    int top_fd;
    size_t top_length;          /* of the part of the upper layer's path that TOP_FD is */
};

static void layers_done(struct layers *layers)
{
    for (size_t i = 0; i < layers->n_lowers; i++)
        fd_closep(&layers->lower_fds[i]);
    free(layers->lower_fds);
    fd_closep(&layers->top_fd);
}

static int open_layer(const char *path, int *ret_fd, struct error **err)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, errno, "cannot open the overlay's layer %s", path);
    *ret_fd = fd;
    return 0;
}

/* The length of the deepest folder that both paths lie in. */
static size_t common_folder(const char *a, const char *b)
{
    size_t length = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            length = i;
    return length;
}

/* A mount between the common folder and the layers would be missed by a clone of that folder. */
static int check_same_mount(int top_fd, const char *relative, const char *path, struct error **err)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH};
    auto_close int fd = sys_openat2(top_fd, relative, &how, sizeof how);

    return fd < 0 ? fail(err, errno, "cannot reach the overlay's layer %s on one mount", path) : 0;
}

static int open_layers(const struct overlay_paths *paths, struct layers *layers, struct error **err)
{
    layers->lower_fds = mem_alloc(paths->lowers.count * sizeof(int));
    for (; layers->n_lowers < paths->lowers.count; layers->n_lowers++)
        if (open_layer(paths->lowers.item[layers->n_lowers], &layers->lower_fds[layers->n_lowers], err) < 0)
            return -error_code(*err);
    if (!paths->upper || !paths->work)
        return 0;

    layers->top_length = common_folder(paths->upper, paths->work);
    auto_free char *top = layers->top_length ? mem_copy_bytes(paths->upper, layers->top_length) : mem_copy_string("/");
    if (open_layer(top, &layers->top_fd, err) < 0 ||
        check_same_mount(layers->top_fd, paths->upper + layers->top_length + 1, paths->upper, err) < 0 ||
        check_same_mount(layers->top_fd, paths->work + layers->top_length + 1, paths->work, err) < 0)
        return -error_code(*err);
    return 0;
}

static bool has_option(const struct mount_entry *entry, const char *option)
{
    return strings_contain(&entry->super_options, option);
}

/* The part of the overlay that is the tree: the mount may show only a folder of it, and the tree lie deeper. */
static int path_in_overlay(int tree_fd, const struct mount_entry *entry, char **ret, struct error **err)
{
    char self[32], path[PATH_MAX];
    ssize_t n = readlink(path_of_fd(self, tree_fd), path, sizeof path - 1);
    if (n < 0)
        return fail(err, errno, "cannot tell where the tree is");

    path[n] = '\0';
    if (!path_is_below(path, entry->mount_point))
        return fail_plain(err, EINVAL, "the tree is not below %s, where its overlay is mounted", entry->mount_point);
    const char *below = strcmp(entry->mount_point, "/") == 0 ? path : path + strlen(entry->mount_point);
    *ret = mem_format("%s%s", strcmp(entry->root, "/") == 0 ? "" : entry->root, below);
    return 0;
}

static int mount_layers(const struct mount_entry *entry, struct overlay_paths *paths, int userns_fd, int *ret_mount_fd,
                        struct error **err)
{
    CLEANUP(layers_done) struct layers layers = {.top_fd = -1};

    if (open_layers(paths, &layers, err) < 0)
        return -error_code(*err);

    struct overlay overlay = {
        .lower_fds = layers.lower_fds,
        .n_lowers = layers.n_lowers,
        .top_fd = layers.top_fd,
        .upper = layers.top_fd >= 0 ? paths->upper + layers.top_length + 1 : NULL,
        .work = layers.top_fd >= 0 ? paths->work + layers.top_length + 1 : NULL,
        .userns_fd = userns_fd,
        .redirect_dir = mount_entry_option(entry, "redirect_dir"),
        .metadata_only = has_option(entry, "metacopy=on"),
        .user_attributes = has_option(entry, "userxattr"),
        .shared = true,
    };
    return overlay_mount(&overlay, ret_mount_fd, err);
}

/* To a reader the upper layer is one more lower one. */
static void make_read_only(struct overlay_paths *paths)
{
    if (paths->upper)
        strings_take(&paths->lowers, TAKE(paths->upper));
}

static int mount_overlay_mapped(int tree_fd, int userns_fd, bool read_only, int *ret_mount_fd, struct error **err)
{
    CLEANUP(mount_entry_done) struct mount_entry entry = {0};
    CLEANUP(overlay_paths_done) struct overlay_paths paths = {0};
    auto_free char *inside = NULL;
    auto_close int whole_fd = -1;

    if (mount_entry_of(tree_fd, &entry, err) < 0 || overlay_paths_read(&entry, &paths, err) < 0)
        return -error_code(*err);
    if (read_only)
        make_read_only(&paths);
    if (path_in_overlay(tree_fd, &entry, &inside, err) < 0 ||
        mount_layers(&entry, &paths, userns_fd, &whole_fd, err) < 0)
        return -error_code(*err);

    if (strcmp(inside, "") == 0 || strcmp(inside, "/") == 0) {
        *ret_mount_fd = take_fd(&whole_fd);
        return 0;
    }
    auto_close int part_fd = path_open_in(whole_fd, inside, O_PATH | O_DIRECTORY, 0);
    int fd = part_fd < 0 ? part_fd
                         : sys_open_tree(part_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        return fail(err, part_fd < 0 ? -part_fd : errno, "cannot open %s of the mapped overlay", inside);
    *ret_mount_fd = fd;
    return 0;
}

static int clone_tree(int tree_fd, bool recursive, int *ret_fd, struct error **err)
{
    int fd = sys_open_tree(tree_fd, "",
                           AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0));

    /* EINVAL: a detached mount, which older kernels clone for nobody; it will do itself */
    if (fd < 0 && errno == EINVAL)
        fd = fcntl(tree_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return fail(err, errno, "cannot clone the mount of the tree");
    *ret_fd = fd;
    return 0;
}

/* The tree is none that can be mapped, as REFUSED says; an overlay has layers that may be. Takes REFUSED. */
static int map_layers_instead(int tree_fd, int userns_fd, bool read_only, struct error *refused, int *ret_mount_fd,
                              struct error **err)
{
    auto_error struct error *reason = refused, *no_layers = NULL;
    char buffer[32];

    if (error_code(reason) != EINVAL || strcmp(file_system_name(tree_fd, buffer), "overlay") != 0) {
        *err = TAKE(reason);
        return -error_code(*err);
    }
    if (mount_overlay_mapped(tree_fd, userns_fd, read_only, ret_mount_fd, &no_layers) == 0)
        return 0;
    fail_plain(err, EINVAL, "%s, nor can its layers: %s", error_text(reason), error_text(no_layers));
    if (error_hint(reason))
        fail_hint(*err, "%s", error_hint(reason));
    fail_id(*err, "R2204");
    return -EINVAL;
}

int tree_mount_mapped(int tree_fd, int userns_fd, int *ret_mount_fd, struct error **err)
{
    auto_error struct error *refused = NULL;
    auto_close int mount_fd = -1;

    if (clone_tree(tree_fd, true, &mount_fd, err) < 0)
        return -error_code(*err);
    int r = idmap_tree(mount_fd, userns_fd, true, &refused);
    if (r == -EINVAL) {
        /* something below it is to blame, or the tree itself */
        error_freep(&refused);
        r = idmap_tree(mount_fd, userns_fd, false, &refused);
    }
    if (r < 0)
        return map_layers_instead(tree_fd, userns_fd, false, TAKE(refused), ret_mount_fd, err);
    *ret_mount_fd = take_fd(&mount_fd);
    return 0;
}

int tree_mount_mapped_layer(int tree_fd, int userns_fd, int *ret_mount_fd, struct error **err)
{
    auto_error struct error *refused = NULL;
    auto_close int mount_fd = -1;

    if (clone_tree(tree_fd, false, &mount_fd, err) < 0)
        return -error_code(*err);
    if (idmap_tree(mount_fd, userns_fd, false, &refused) < 0)
        return map_layers_instead(tree_fd, userns_fd, true, TAKE(refused), ret_mount_fd, err);
    *ret_mount_fd = take_fd(&mount_fd);
    return 0;
}
