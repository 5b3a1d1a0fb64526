/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repair: trees whose files belong to several ranges of ids, as when a machine ran with and without private users by
 * turns; and machines in layers that were copied by another program, which have lost their links.
 *
 * What is begun can be gone on with: a second call does what is left.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/find.h"

struct id_range_count {
    uint32_t base;              /* of 65536 ids */
    uint64_t files;             /* whose owner or group is in it */
};

struct repair {
    struct id_range_count *range;       /* those with most files first */
    size_t n_ranges;
    uint64_t files;
    uint32_t base;              /* the range they are to be in: that of most files */
    uint64_t to_change;         /* files that are not */
    bool unlinked;              /* a copy of a machine in layers */
};
void repair_done(struct repair *repair);

/* Looks, without changing anything. */
int image_repair_plan(const struct image *image, struct repair *ret, struct error **err);

/* Does it. *ret_changed: files that have another owner now. STOP_FD: as ever. */
int image_repair(const struct image *image, const struct repair *plan, int stop_fd, uint64_t *ret_changed,
                 struct error **err);
