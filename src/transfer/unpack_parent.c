/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opened inside the tree (path_open_in), kept while they are used, closed with the times they had. */
#include "transfer/unpack_parent.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "transfer/acl.h"

static void parent_close(struct parent *parent)
{
    if (!parent->path)
        return;
    if (parent->touched) {
        const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, parent->mtime};

        (void) futimens(parent->fd, times);     /* one that was removed meanwhile needs no time */
    }
    fd_closep(&parent->fd);
    free(parent->path);
    parent->path = NULL;
}

void parents_forget(struct tree *tree)
{
    for (size_t i = 0; i < N_PARENTS; i++)
        parent_close(&tree->parent[i]);
}

void parent_set_time(struct tree *tree, const char *path, struct timespec mtime)
{
    struct stat st;

    for (size_t i = 0; i < N_PARENTS; i++) {
        const struct parent *named = &tree->parent[i];

        if (!named->path || strcmp(named->path, path) != 0 || fstat(named->fd, &st) < 0)
            continue;
        /* it may be open under another name, too */
        for (size_t k = 0; k < N_PARENTS; k++)
            if (tree->parent[k].path && tree->parent[k].ino == st.st_ino && tree->parent[k].dev == st.st_dev)
                tree->parent[k].mtime = mtime;
        return;
    }
}

static struct parent *oldest(struct tree *tree)
{
    struct parent *found = &tree->parent[0];

    for (size_t i = 0; i < N_PARENTS; i++) {
        if (!tree->parent[i].path)
            return &tree->parent[i];
        if (tree->parent[i].used < found->used)
            found = &tree->parent[i];
    }
    return found;
}

static int open_directory(const struct tree *tree, const char *path, struct error **err)
{
    int fd = path_open_in(tree->root_fd, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);

    if (fd == -ENOENT || fd == -ENOTDIR) {
        int made_fd = path_make_dir_in(tree->root_fd, path, 0, 0);

        if (made_fd >= 0)
            (void) close(made_fd);
        fd = path_open_in(tree->root_fd, path, O_RDONLY | O_DIRECTORY, 0);
    }
    if (fd < 0) {
        fail(err, -fd, "cannot open the directory '/%.1000s' of the tree", path);
        fail_id(*err, "R5014");
        if (fd == -ENOTDIR || fd == -ELOOP)
            fail_hint(*err, "the archive holds files below something that is no directory in it");
        return fd;
    }
    return fd;
}

int parent_open(struct tree *tree, const char *path, struct parent **ret, struct error **err)
{
    struct parent *parent;
    struct stat st;

    tree->clock++;
    for (size_t i = 0; i < N_PARENTS; i++)
        if (tree->parent[i].path && strcmp(tree->parent[i].path, path) == 0) {
            tree->parent[i].used = tree->clock;
            *ret = &tree->parent[i];
            return 0;
        }

    parent = oldest(tree);
    parent_close(parent);
    int fd = open_directory(tree, path, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0) {
        int code = errno;

        (void) close(fd);
        return fail(err, code, "cannot look at the directory '/%s' of the tree", path);
    }
    *parent = (struct parent){
        .path = mem_copy_string(path),
        .fd = fd,
        .dev = st.st_dev,
        .ino = st.st_ino,
        .mtime = st.st_mtim,
        .used = tree->clock,
        /* what is made in such a directory has more than it was given */
        .hands_down = (st.st_mode & S_ISGID) || fgetxattr(fd, ACL_XATTR_DEFAULT, NULL, 0) > 0,
    };
    for (size_t i = 0; i < N_PARENTS; i++)
        if (&tree->parent[i] != parent && tree->parent[i].path && tree->parent[i].ino == st.st_ino &&
            tree->parent[i].dev == st.st_dev)
            parent->mtime = tree->parent[i].mtime;
    *ret = parent;
    return 0;
}
