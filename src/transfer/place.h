/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place: the folder images arrive in, and how they arrive: under a name that is none (".#transfer.…"), and whole.
 *
 * Whoever fills such a thing holds a lock on it. When that process is gone, the lock is, and the next transfer
 * into the folder removes the remains. The last act is a rename.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "transfer/class.h"

struct place {
    int fd;
    char *path;
    enum image_class class;
};

/* The folder of CLASS, or PATH when it is not NULL; made where missing. Removes what dead transfers left there. */
int place_open(enum image_class class, const char *path, bool user_scope, struct place *ret, struct error **err);
void place_done(struct place *place);

/* R5032: "Image 'NAME' already exists.", whatever form it has. */
int place_check_free(const struct place *place, const char *name, struct error **err);

struct arrival {
    const struct place *place;
    char *temporary;            /* its name in the folder; NULL: there is none */
    int fd;                     /* the directory, or the file open for reading and writing; holds the lock */
    bool is_tree;
};

#define ARRIVAL_NONE {.fd = -1}

/* A new directory (a subvolume where there are such) or file, for what will be called NAME. */
int arrival_make(const struct place *place, const char *name, bool is_tree, struct arrival *ret, struct error **err);

/* The same as a copy of the tree or file FROM_FD that shares what it can. STOP_FD as in tree_copy(). */
int arrival_clone(const struct place *place, const char *name, int from_fd, bool is_tree, int stop_fd,
                  struct arrival *ret, struct error **err);

/* A file for what comes from SOURCE, which the next transfer from there finds again when this one breaks off; after
 * a day it is removed. Busy with another one: a fresh file. Gives a locked descriptor and the name in the folder. */
int place_open_partial(const struct place *place, const char *source, int *ret_fd, char **ret_name, struct error **err);

struct arrival_options {
    bool force;                 /* an image of that name is replaced, when nobody uses it */
    bool read_only;
    bool hidden;                /* the name needs no check */
};

/* Makes it durable and gives it its name: NAME, for a file NAME + SUFFIX. */
int arrival_commit(struct arrival *arrival, const char *name, const char *suffix, struct arrival_options options,
                   struct error **err);

/* Takes it away again unless it was committed. */
void arrival_done(struct arrival *arrival);
