/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two walks over the whole tree, by way of an overlay mount: the first finds the files that the upper layer has under
 * one of several names, the second has the kernel add the other names. */
#include "image/hard_links.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/lineage.h"
#include "image/remove_tree.h"
#include "image/walk.h"

struct search {
    int upper_fd;
    char *path;                 /* of the directory in hand: "usr/bin/"; "" at the top */
    ino_t *inode;               /* of files the upper layer has, sorted for the second walk */
    size_t n_inodes;
    bool adding;
};

static void search_done(struct search *search)
{
    fd_closep(&search->upper_fd);
    free(search->path);
    free(search->inode);
}

static int enter(void *context, int dir_fd, const char *name, int fd)
{
    struct search *search = context;
    char *path = mem_format("%s%s/", search->path, name);

    (void) dir_fd, (void) fd;
    free(search->path);
    search->path = path;
    return 0;
}

static int leave(void *context, int dir_fd, const char *name, int fd)
{
    struct search *search = context;

    (void) dir_fd, (void) fd;
    search->path[strlen(search->path) - strlen(name) - 1] = '\0';
    return 0;
}

static int compare_inodes(const void *a, const void *b)
{
    ino_t x = *(const ino_t *) a, y = *(const ino_t *) b;

    return x < y ? -1 : x > y;
}

static int look_at_file(void *context, int dir_fd, const char *name, unsigned char type)
{
    struct search *search = context;
    struct stat st;

    if (type != DT_REG || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_nlink < 2)
        return 0;

    auto_free char *path = mem_format("%s%s", search->path, name);
    bool is_upper = faccessat(search->upper_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (!search->adding && is_upper) {
        MEM_GROW(search->inode, search->n_inodes);
        search->inode[search->n_inodes++] = st.st_ino;
    }
    if (!search->adding || is_upper || search->n_inodes == 0 ||
        !bsearch(&st.st_ino, search->inode, search->n_inodes, sizeof(ino_t), compare_inodes))
        return 0;

    /* opening for writing is what makes the kernel put a name into the upper layer */
    auto_close int fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? -errno : 0;
}

bool hard_links_are_pending(const struct lineage_tree *tree)
{
    int fd = openat(tree->folder_fd, "work/index", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int entries = 0;

    if (!dir)
        return false;
    while (entries < 3 && readdir(dir))
        entries++;
    (void) closedir(dir);
    return entries > 2;
}

int hard_links_complete(const struct lineage_tree *tree, struct error **err)
{
    static const struct walk_calls calls = {.file = look_at_file, .enter = enter, .leave = leave};
    CLEANUP(search_done) struct search search = {.upper_fd = -1, .path = mem_copy_string("")};
    auto_close int mount_fd = -1, top_fd = -1;

    if (!hard_links_are_pending(tree))
        return 0;
    if (lineage_mount(tree, -1, false, &mount_fd, err) < 0)
        return -error_code(*err);
    search.upper_fd = openat(tree->folder_fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    top_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = search.upper_fd < 0 || top_fd < 0 ? -errno : walk_tree(top_fd, &calls, &search, NULL);
    if (search.n_inodes > 0)
        qsort(search.inode, search.n_inodes, sizeof(ino_t), compare_inodes);
    search.adding = true;
    if (r == 0)
        r = walk_tree(top_fd, &calls, &search, NULL);
    if (r < 0)
        return fail(err, -r, "cannot keep together the names of files that have several");
    /* now they are links like any other, and the index has nothing to add */
    fd_closep(&top_fd);
    fd_closep(&mount_fd);
    (void) remove_tree(tree->folder_fd, "work/index");
    return 0;
}
