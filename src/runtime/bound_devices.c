/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/bound_devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/path.h"

static bool is_device(const struct stat *st)
{
    return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* Other folders are left alone, whatever their size: only /dev holds nodes. */
static void add_folder(const char *path, struct strings *ret)
{
    DIR *dir = path_is_below(path, "/dev") ? opendir(path) : NULL;
    struct stat st;

    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && is_device(&st))
            strings_take(ret, path_join(path, entry->d_name));
    if (dir)
        (void) closedir(dir);
}

void bound_devices(const struct spec *spec, struct strings *ret)
{
    for (size_t i = 0; i < spec->n_mounts; i++) {
        const struct mount_request *m = &spec->mounts[i];
        const char *path = m->type == MOUNT_BIND ? m->source[0].path : NULL;
        struct stat st;

        if (!path || m->source[0].in_tree || stat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            add_folder(path, ret);
        else if (is_device(&st))
            strings_add(ret, path);
    }
}
