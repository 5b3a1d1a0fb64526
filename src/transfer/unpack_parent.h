/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unpack_parent: the open directories of a tree that is being filled (struct tree in unpack_entry.h). */
#pragma once

#include "transfer/unpack_entry.h"

/* The directory PATH ("" for the top), made with its parents where missing. Good until the call after the next one. */
int parent_open(struct tree *tree, const char *path, struct parent **ret, struct error **err);

/* What PATH leads to may be something else now: a directory or link on the way went. */
void parents_forget(struct tree *tree);

/* The directory PATH was given this time. */
void parent_set_time(struct tree *tree, const char *path, struct timespec mtime);
