/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hard_links: files with several names in a machine in layers, when its upper layer is about to be frozen.
 *
 * A file that was changed by one of its names is in the upper layer under that name alone; that the others mean the
 * same file stands in the overlay's index, which belongs to one mount and cannot be part of a layer. Without it the
 * other names would go back to what the file was.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct lineage_tree;

/* Whether there is anything in the index. */
bool hard_links_are_pending(const struct lineage_tree *tree);

/* Gives the upper layer all names of each file that is in it under some. Costs nothing when the index is empty, as it
 * nearly always is. */
int hard_links_complete(const struct lineage_tree *tree, struct error **err);
