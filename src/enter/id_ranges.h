/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* id_ranges: a map of user or group ids between a container and the host (user_namespaces(7), "uid_map"). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct id_range {
    uint32_t inside, outside, count;
};

/* All zero: nothing is mapped. */
struct id_ranges {
    struct id_range *item;
    size_t count;
};

/* Reads a file of procfs. */
int id_ranges_read(const char *path, struct id_ranges *ret, struct error **err);
/* The text of one: "INSIDE OUTSIDE COUNT" a line. -EINVAL. */
int id_ranges_parse(const char *text, struct id_ranges *ret);

/* -ERANGE: it is not mapped. */
int id_ranges_to_outside(const struct id_ranges *ranges, uint32_t inside, uint32_t *ret);
int id_ranges_to_inside(const struct id_ranges *ranges, uint32_t outside, uint32_t *ret);

void id_ranges_done(struct id_ranges *ranges);
