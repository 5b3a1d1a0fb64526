/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tree_size.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/walk.h"

/* Files that have been counted and have other names: open addressing, at most half full. */
struct seen {
    ino_t *inode;               /* 0: an empty place */
    size_t room, n;
};

struct size {
    uint64_t bytes;
    struct seen seen;
};

static void size_done(struct size *size)
{
    free(size->seen.inode);
}

static ino_t *find(const struct seen *seen, ino_t inode)
{
    size_t i = (size_t) ((uint64_t) inode * UINT64_C(0x9e3779b97f4a7c15) >> 20);

    while (seen->inode[i & (seen->room - 1)] != 0 && seen->inode[i & (seen->room - 1)] != inode)
        i++;
    return &seen->inode[i & (seen->room - 1)];
}

static bool add(struct seen *seen, ino_t inode)
{
    if (2 * seen->n >= seen->room) {
        struct seen larger = {.room = seen->room ? 2 * seen->room : 256, .n = seen->n};

        larger.inode = mem_alloc(larger.room * sizeof(ino_t));
        for (size_t i = 0; i < seen->room; i++)
            if (seen->inode[i] != 0)
                *find(&larger, seen->inode[i]) = seen->inode[i];
        free(seen->inode);
        *seen = larger;
    }
    ino_t *place = find(seen, inode);
    if (*place == inode)
        return false;
    *place = inode;
    seen->n++;
    return true;
}

static int count_file(void *context, int dir_fd, const char *name, unsigned char type)
{
    struct size *size = context;
    struct stat st;

    (void) type;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_nlink < 2 || add(&size->seen, st.st_ino)))
        size->bytes += (uint64_t) st.st_blocks * 512;
    return 0;
}

static int count_directory(void *context, int dir_fd, const char *name, int fd)
{
    struct size *size = context;
    struct stat st;

    (void) dir_fd, (void) name;
    if (fstat(fd, &st) == 0)
        size->bytes += (uint64_t) st.st_blocks * 512;
    return 0;
}

int tree_size(int fd, uint64_t *ret)
{
    static const struct walk_calls calls = {.file = count_file, .enter = count_directory};
    CLEANUP(size_done) struct size size = {0};
    auto_close int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (real < 0)
        return -errno;
    (void) count_directory(&size, -1, NULL, real);
    int r = walk_tree(real, &calls, &size, NULL);
    if (r == 0)
        *ret = size.bytes;
    return r;
}
