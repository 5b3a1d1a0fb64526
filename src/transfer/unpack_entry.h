/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unpack_entry: one entry of an archive made in the tree. Between unpack.c, which reads, and the file system. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"

struct archive;
struct archive_entry;

/* Directories in which entries are made, kept open while the archive stays near. Making something in a directory
 * changes its times, so what they were is put back when it is closed: then nothing has to be remembered until the
 * end. */
#define N_PARENTS 8u

struct parent {
    char *path;                 /* NULL: unused */
    int fd;
    dev_t dev;
    ino_t ino;
    struct timespec mtime;
    uint64_t used;              /* the clock of the last use */
    bool touched;
    bool hands_down;            /* a group or an access list goes over to what is made in it */
};

struct path_set;                /* path_set.h */

struct tree {
    int root_fd;
    bool is_layer;
    const char *prefix;
    struct parent parent[N_PARENTS];
    uint64_t clock;
    struct path_set *made;      /* by this layer: an opaque mark spares them. NULL: it is the first one, or no layer */
    uint64_t n_entries;
    uint64_t n_lost;            /* attributes and devices that cannot be had here */
    char lost[128];             /* the first of them */
};

/* Makes what ENTRY says, reading its content from ARCHIVE. */
int tree_add(struct tree *tree, struct archive *archive, struct archive_entry *entry, struct error **err);

/* Closes the directories, putting their times right. */
void tree_done(struct tree *tree);

/* Something of the archive cannot be had here, which is no reason to give up; said once, at the end. */
void tree_lost(struct tree *tree, const char *what);

/* R5011, with what the library says. */
int archive_damaged(struct archive *archive, struct error **err);

/* An entry's path without what means nothing: slashes in front, "." between. Gives *ret, "" for the top.
 * R5012: it has "..", or is empty. */
int entry_path_clean(const char *name, char **ret, struct error **err);
