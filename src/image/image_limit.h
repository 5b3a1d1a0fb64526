/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_limit: how much an image may take. A disk image takes what its size is, and can be given more. Sentences are
 * complete behind "Could not set limit: ". */
#pragma once

#include <stdint.h>

#include "image/find.h"

/* BYTES: UINT64_MAX for as much as there is. -EOPNOTSUPP says what is missing. */
int image_set_limit(const struct image *image, uint64_t bytes, struct error **err);

/* The same for all images of a folder together. */
int pool_set_limit(const char *folder, uint64_t bytes, struct error **err);
