/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree: the directory tree of a run on the host's side: its path, its locks, whose it is. For this folder only. */
#pragma once

#include <stdbool.h>

#include "config/spec.h"
#include "image/lock.h"
#include "image/snapshot.h"

struct tree {
    char *path;
    int fd;                             /* O_PATH */
    bool read_only;                     /* marked so on disk, or asked for */
    struct image_lock lock;
    struct lock_file range_lock;        /* of the id range, while it is ours */
    enum ownership_mode ownership;      /* resolved: never AUTO */
    struct snapshot snapshot;           /* --ephemeral: what is run in place of the tree */
    bool has_snapshot;
};
