/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: what images take on disk, in blocks. A tree is counted file by file; files with several names count once. What
 * machines share by layers is told apart from what is their own; what files share by reflinks counts for each.
 * A layer is counted once for all time: it never changes, and its size is kept beside it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/find.h"

struct image_usage {
    uint64_t own;               /* bytes that removing the image, with its snapshots, would free */
    uint64_t shared;            /* bytes in layers that others use too */
    uint64_t snapshots;         /* of OWN, what only its snapshots need */
    size_t n_layers;
    size_t n_snapshots;
};

/* USER_SCOPE: as the image was found. */
int image_usage_read(const struct image *image, bool user_scope, struct image_usage *ret, struct error **err);

/* Of many at once: RET has room for one each; *ret_total counts each layer once. Images that cannot be read count as
 * nothing. */
int images_usage_read(const struct images *images, struct image_usage *ret, uint64_t *ret_total, struct error **err);
