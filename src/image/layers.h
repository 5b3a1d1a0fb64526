/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * layers: the frozen trees of a pool (pool.h), which the machines made of them share.
 *
 *     layers/ID/layer     what it is and was, as text; each user has a hard link to it
 *     layers/ID/tree      the tree, when it was a plain one
 *     layers/ID/stub      a machine's former folder, whose "upper" is the tree, when it was one in layers
 *     layers/ID/usage     what it takes, once somebody has counted
 *
 * A frozen tree never changes. Nobody counts users: the number of links of "layer" does, wherever in the file system
 * a user is moved to, and whoever removes it. A user that was copied has no link; so before a layer is removed
 * the folder of the images is searched for those as well.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/pool.h"

/* What a frozen tree was. */
enum layer_form { LAYER_TREE, LAYER_STUB };

/* A new layer without a tree, for the image OF. The caller builds, in the folder *ret_fd, what is to stand in the
 * tree's place once it exchanges the two (layer_form_name()); until then recovery removes the layer. */
int layer_begin(const struct pool *pool, const char *of, char ret_id[POOL_ID_SIZE], int *ret_fd, struct error **err);
const char *layer_form_name(enum layer_form form);

/* Takes back a layer that did not come to be. */
void layer_abandon(const struct pool *pool, const char *id);

/* Puts the link of a user into DIR_FD, under the layer's id. 0 or a negative errno; -EMLINK: it has too many. */
int layer_link(const struct pool *pool, const char *id, int dir_fd);
/* Whether DIR_FD has it: nobody but us can make one. */
bool layer_is_linked(const struct pool *pool, const char *id, int dir_fd);

/* Gives an O_PATH descriptor of the tree. A negative errno; -ENOENT when there is no such layer. */
int layer_open(const struct pool *pool, const char *id, int *ret_fd);

/* Moves the layers that nobody uses into the folder of WORK, with which they go. */
int layers_collect(struct pool *pool, const struct pool_work *work, struct error **err);

/* For recovery: removes those that did not come to be. *found is set when nobody has a link to some other one: it is
 * time to collect. */
int layers_recover(const struct pool *pool, bool *found, struct error **err);

/* The ids there are, and how many use each: links, or -1 for one that is not whole. */
struct layer_use {
    char id[POOL_ID_SIZE];
    int links;
};
int layers_list(const struct pool *pool, struct layer_use **ret, size_t *ret_n, struct error **err);
