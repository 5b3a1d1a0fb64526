/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two trees become one by renames, so that each file is the old one or the new one at any moment. */
#include "enter/copy_merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "image/attributes.h"

enum { DEPTH_MAX = 200 };

static int merge(int from_fd, const char *name, int to_fd, unsigned depth);

static int names_in(int dir_fd, struct strings *ret)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir) {
        int r = -errno;

        fd_closep(&fd);
        return r;
    }
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            strings_add(ret, entry->d_name);
    (void) closedir(dir);
    return 0;
}

static int merge_folders(int from_fd, const char *name, int to_fd, unsigned depth)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    CLEANUP(strings_done) struct strings names = {0};
    auto_close int from_sub_fd = openat(from_fd, name, flags);
    auto_close int to_sub_fd = openat(to_fd, name, flags);
    struct stat st, now;

    if (from_sub_fd < 0 || to_sub_fd < 0 || fstat(from_sub_fd, &st) < 0 || fstat(to_sub_fd, &now) < 0)
        return -errno;
    int r = names_in(from_sub_fd, &names);
    for (size_t i = 0; r == 0 && i < names.count; i++)
        r = merge(from_sub_fd, names.item[i], to_sub_fd, depth + 1);
    if (r < 0)
        return r;
    return attributes_copy(from_sub_fd, to_sub_fd, &st,
                           (struct created){.uid = now.st_uid, .gid = now.st_gid, .mode = now.st_mode});
}

static int merge(int from_fd, const char *name, int to_fd, unsigned depth)
{
    if (renameat(from_fd, name, to_fd, name) == 0)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return -errno;
    return depth < DEPTH_MAX ? merge_folders(from_fd, name, to_fd, depth) : -ELOOP;
}

int copy_merge(int from_fd, const char *name, int to_fd, struct error **err)
{
    int r = merge(from_fd, name, to_fd, 0);

    return r < 0 ? fail(err, -r, "cannot put '%s' in its place", name) : 0;
}
