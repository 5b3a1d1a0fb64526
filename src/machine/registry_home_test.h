/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* registry_home_test: a registry of its own for each test of it. Include it after base/test.h. */
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "machine/registry.h"

struct home {
    char path[32];
    char *folder, *public_folder, *sign, *own_sign;
    struct registry registry;
};

static const struct undo_kind home_kinds[] = {UNDO_KINDS_GENERIC};

static inline void home_init(struct home *home)
{
    (void) strcpy(home->path, "/tmp/redd-registry-XXXXXX");
    EXPECT_TRUE(mkdtemp(home->path));
    home->folder = path_join(home->path, "redd/machines");
    home->public_folder = path_join(home->path, "systemd/machines");
    home->sign = path_join(home->path, "foreign");
    home->own_sign = path_join(home->path, "own");
    home->registry = (struct registry){
        .folder = home->folder,
        .public_folder = home->public_folder,
        .foreign_sign = home->sign,
        .own_sign = home->own_sign,
        .kinds = home_kinds,
        .n_kinds = COUNT_OF(home_kinds),
    };
}

static inline void home_done(struct home *home)
{
    EXPECT_INT(tree_remove_at(AT_FDCWD, home->path), 0);
    free(home->folder);
    free(home->public_folder);
    free(home->sign);
    free(home->own_sign);
}

static inline bool home_has(const struct home *home, const char *name)
{
    auto_free char *path = path_join(home->path, name);
    struct stat st;

    return lstat(path, &st) == 0;
}

/* No machine has left a trace in either folder. */
static inline void home_expect_empty(const struct home *home)
{
    const char *const folders[] = {home->folder, home->public_folder};

    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        struct stat st;

        /* an empty folder is its own only entry but "..": removing it shows that it is empty */
        if (rmdir(folders[i]) < 0 && stat(folders[i], &st) == 0)
            fail_msg("%s is not empty", folders[i]);
    }
}
