/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_info: what is told about an image besides its name: times and sizes, as far as they can be had at once. */
#pragma once

#include <stdint.h>

#include "image/find.h"

#define SIZE_UNKNOWN UINT64_MAX

struct image_info {
    uint64_t created_us, modified_us;           /* since 1970; 0: unknown */
    /* bytes, SIZE_UNKNOWN where nobody counts: of plain directories usage.h does */
    uint64_t usage, limit, usage_exclusive, limit_exclusive;
};

/* All unknown when it is gone meanwhile. */
void image_info_read(const struct image *image, struct image_info *ret);

/* The same of the file system that holds new images, where that has quotas. */
void image_pool_read(const char *folder, struct image_info *ret);
