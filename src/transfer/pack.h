/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pack: a directory tree as a tar archive (pax), names with "./" in front, owners as numbers alone; extended
 * attributes, ACLs, file capabilities, hard links, devices, holes and times to the nanosecond. What is mounted below
 * the tree, and sockets, are left out.
 */
#pragma once

#include "base/error.h"
#include "transfer/channel.h"
#include "transfer/compress.h"

struct pack {
    int root_fd;                /* the tree, open for reading */
    int output_fd;
    enum compression compression;
    const struct increment_base *since; /* an increment is written; NULL: a whole */
};

/* The work of a worker, with a struct pack. */
int pack_work(void *data, struct channel *up, struct error **err);
