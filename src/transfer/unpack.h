/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unpack: a tar archive into a directory tree, everything kept: owners as numbers, modes, times, extended attributes,
 * ACLs, file capabilities, hard links, devices, holes.
 *
 * The archive is an enemy's. The tree is the worker's root directory (sandbox.h); inside it names are resolved as the
 * tree itself would, so a link that leads out leads to the tree's own top. Memory stays the same whatever the number
 * of entries: nothing is kept per entry.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "transfer/channel.h"

struct unpack {
    int input_fd;               /* the archive, from where it stands */
    int root_fd;                /* the tree: a directory, empty or the layers below */
    const char *prefix;         /* only what is below it, as the top; NULL: all */
    bool is_layer;              /* names ".wh.NAME" take NAME away (OCI image layers) */
    bool strip_single;          /* one directory at the top that holds a system: its content is the tree */
    bool strip_with_files;      /* … also when plain files lie beside it, which then go */
};

/* The work of a worker (worker.h), with a struct unpack. Facts: "entries=N". */
int unpack_work(void *data, struct channel *up, struct error **err);
