/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verify: whether everything that images share is there and fits together. What a dead process left half done is taken
 * back first, as every verb would.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"

/* One line in *ret_problems for each thing that is wrong in the folder of images FOLDER and its pool. NAME: only what
 * concerns this image; or NULL. What was looked at goes to the counts. */
struct verified {
    size_t images, layers, snapshots;
};
int pool_verify(const char *folder, const char *name, struct strings *ret_problems, struct verified *ret,
                struct error **err);
