/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop over an archive's entries, and what is done to the tree when all are there. */
#include "transfer/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive_entry.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/attributes.h"
#include "transfer/path_set.h"
#include "transfer/stream.h"
#include "transfer/tar_reader.h"
#include "transfer/unpack_entry.h"
#include "transfer/unpack_parent.h"

/* Where the one directory goes while its content takes its place. */
#define LIFTED ".#lifted"

static bool has_system(int dir_fd)
{
    static const char *const signs[] = {"usr", "etc/os-release", "usr/lib/os-release", "bin/sh", "sbin/init"};
    struct stat st;
    int n = 0;

    for (size_t i = 0; i < COUNT_OF(signs); i++)
        n += fstatat(dir_fd, signs[i], &st, AT_SYMLINK_NOFOLLOW) == 0;
    return n >= 1;
}

struct top {
    char *directory;
    size_t n_directories, n_files;
};

static int look_at_top(int root_fd, struct top *ret, struct error **err)
{
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *item;
    struct stat st;

    if (!dir)
        return fail(err, errno, "cannot list the tree");
    while ((item = readdir(dir))) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (fstatat(root_fd, item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            free(ret->directory);
            ret->directory = mem_copy_string(item->d_name);
            ret->n_directories++;
        } else if (S_ISREG(st.st_mode))
            ret->n_files++;
        else
            ret->n_directories += 2;    /* links and nodes at the top: this is a system's root already */
    }
    (void) closedir(dir);
    return 0;
}

/* Moves all that is in FROM_FD up, or removes all files when TO_FD is -1. */
static int move_all(int from_fd, int to_fd, struct error **err)
{
    int fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *item;
    int r = 0;

    if (!dir)
        return fail(err, errno, "cannot list the tree");
    while (r == 0 && (item = readdir(dir))) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (to_fd >= 0)
            r = renameat(from_fd, item->d_name, to_fd, item->d_name);
        else if (item->d_type != DT_DIR)
            r = unlinkat(from_fd, item->d_name, 0);
        if (r < 0)
            r = fail(err, errno, "cannot move '%s' to the top of the tree", item->d_name);
    }
    (void) closedir(dir);
    return r;
}

static int lift(int root_fd, const char *name, struct channel *up, struct error **err)
{
    struct stat st;

    channel_line(up, "The archive holds the system in '%s/': its content is the tree.", name);
    if (move_all(root_fd, -1, err) < 0)
        return -error_code(*err);
    if (renameat(root_fd, name, root_fd, LIFTED) < 0)
        return fail(err, errno, "cannot move '%s' to the top of the tree", name);

    auto_close int fd = openat(root_fd, LIFTED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail(err, errno, "cannot open the tree's directory '%s'", name);
    if (move_all(fd, root_fd, err) < 0)
        return -error_code(*err);
    if (unlinkat(root_fd, LIFTED, AT_REMOVEDIR) < 0)
        return fail(err, errno, "cannot remove what is left of '%s'", name);

    int r = attributes_copy(fd, root_fd, &st, (struct created){.uid = (uid_t) -1, .gid = (gid_t) -1, .mode = 0});
    return r < 0 ? fail(err, -r, "cannot give the tree's top the attributes of '%s'", name) : 0;
}

static int strip(const struct unpack *unpack, struct channel *up, struct error **err)
{
    struct top top = {0};
    int r = look_at_top(unpack->root_fd, &top, err);

    if (r == 0 && top.n_directories == 1 && (top.n_files == 0 || unpack->strip_with_files)) {
        auto_close int fd = openat(unpack->root_fd, top.directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd >= 0 && strcmp(top.directory, "usr") != 0 && has_system(fd))
            r = lift(unpack->root_fd, top.directory, up, err);
    }
    free(top.directory);
    return r;
}

static int unpack_all(struct tree *tree, struct tar_reader *reader, struct error **err)
{
    struct archive_entry *entry;
    int r;

    while ((r = tar_reader_next(reader, &entry)) == 1)
        if (tree_add(tree, reader->archive, entry, err) < 0)
            return -error_code(*err);
    return r < 0 ? r : tar_reader_drain(reader);
}

static bool is_empty(int root_fd)
{
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int n = 0;

    while (dir && n < 3 && readdir(dir))
        n++;                    /* "." and ".." are always there */
    if (dir)
        (void) closedir(dir);
    return dir && n == 2;
}

int unpack_work(void *data, struct channel *up, struct error **err)
{
    const struct unpack *unpack = data;
    CLEANUP(tree_done) struct tree tree = {
        .root_fd = unpack->root_fd, .is_layer = unpack->is_layer, .prefix = unpack->prefix};
    CLEANUP(stream_closep) struct stream *stream = NULL;
    CLEANUP(tar_reader_done) struct tar_reader reader = {0};

    if (unpack->is_layer && !is_empty(unpack->root_fd))
        tree.made = path_set_new();
    if (stream_open(unpack->input_fd, &stream, err) < 0 || tar_reader_open(&reader, stream, up, err) < 0 ||
        unpack_all(&tree, &reader, err) < 0)
        return -error_code(*err);
    parents_forget(&tree);
    if (tree.n_entries == 0 && !unpack->is_layer) {
        fail_plain(err, EBADMSG, "the archive is empty");
        fail_id(*err, "R5020");
        return -EBADMSG;
    }
    if (unpack->strip_single && strip(unpack, up, err) < 0)
        return -error_code(*err);
    if (tree.n_lost > 0)
        channel_line(up, "%" PRIu64 " attributes or nodes could not be kept here, the first of them: %s.", tree.n_lost,
                     tree.lost);
    channel_fact(up, "entries=%" PRIu64, tree.n_entries);
    return 0;
}
