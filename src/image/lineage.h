/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lineage: machines whose tree is spread over layers, so that a clone or a snapshot of any size is there at once on
 * file systems that have none of their own.
 *
 *     NAME/README-redd        says to people what this is, and how to see the whole tree without us
 *     NAME/redd-lineage       the layers, lowest first (the format is below)
 *     NAME/redd-layers/ID     a hard link to the record of each layer (layers.h)
 *     NAME/upper, NAME/work   what the machine has written itself, and overlayfs's own
 *
 * redd-lineage:
 *     # redd lineage 1
 *     pool=/var/lib/machines/.redd.v
 *     created=1795599018845187        of the machine, in microseconds since 1970; 0: unknown
 *     layer=0f3c…
 *
 * The tree is an overlay mount of them. To freeze a machine is to make its folder, or its tree when it was a plain one,
 * the topmost layer, and to put a new folder of this kind with an empty upper layer in its place, by one exchange of
 * names: there is no moment at which either is incomplete.
 *
 * A container can write files of these names into its own tree. What it cannot make are the hard links, so only a
 * folder that has them all is one of these.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "image/pool.h"

struct overlay;

#define LINEAGE_FILE "redd-lineage"
#define LINEAGE_LINKS "redd-layers"

struct lineage {
    struct strings layers;      /* ids, lowest first */
    char *pool;                 /* where it was when this was written */
    uint64_t created_us;
};

/* Whether the directory FD (O_PATH will do) may be one: has the file. One system call. */
bool lineage_is_likely(int fd);

/* The text and back. -EINVAL names the line; -EPROTONOSUPPORT: a newer format. */
char *lineage_format(const struct lineage *lineage);
int lineage_parse(const char *text, struct lineage *ret, struct error **err);
int lineage_read(int fd, const char *path, struct lineage *ret, struct error **err);
void lineage_done(struct lineage *lineage);

/* All that a mount is made of, opened. */
struct lineage_tree {
    int *lower_fds;             /* lowest first; the last is the upper layer, for those who only read it */
    size_t n_lowers;            /* with that one; 0: this is no lineage */
    int folder_fd;              /* holds upper and work */
};

/* Opens the machine folder FD at PATH. 0: it is a plain tree, *RET is empty; 1: it is in layers. -ESTALE: it was made
 * by copying one, its links are missing (the hint knows the remedy). */
int lineage_open(int fd, const char *path, struct lineage_tree *ret, struct error **err);
void lineage_tree_done(struct lineage_tree *tree);

/* The whole tree, as a detached mount: writable for one user at a time (-EBUSY), or READ_ONLY. Owners are mapped by the
 * user namespace USERNS_FD, or are as they are (-1). */
int lineage_mount(const struct lineage_tree *tree, int userns_fd, bool read_only, int *ret_mount_fd,
                  struct error **err);

/* Makes OVERLAY one over all of the tree, which it only reads. */
void lineage_use_layers(const struct lineage_tree *tree, struct overlay *overlay);

/* Whether to freeze the machine in the folder FD at PATH would give it more layers than are good for it: it is to be
 * made plain before. */
bool lineage_is_full(int fd, const char *path);

/* -- changing; the pool is locked, and so is the image -- */

/* Makes what the image NAME of the pool's folder, open as FD, is now the layers in *ret; later changes of it go to a
 * new upper layer. One whose upper layer is empty stays as it is. The top of the tree as it looks is *ret_like_fd. */
int lineage_freeze(struct pool *pool, const char *name, int fd, struct lineage *ret, int *ret_like_fd,
                   struct error **err);

/* Makes the folder of a machine on the layers FROM names as FILE in DIR_FD. LIKE_FD: what its top looks like. MACHINE
 * is the name it will have. */
int lineage_make(const struct pool *pool, int dir_fd, const char *file, const char *machine,
                 const struct lineage *from, int like_fd, struct error **err);

/* Adds the ids that are named by any folder of this kind beside the pool, or by a snapshot in it, linked or not. */
int lineages_named(const struct pool *pool, struct strings *ret, struct error **err);
