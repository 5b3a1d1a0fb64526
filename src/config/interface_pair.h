/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interface_pair: HOST[:CONTAINER], an interface's name on either side. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/spec.h"

#define INTERFACE_NAME_MAX 15

/* What the kernel and its tools take: 1 to 15 printable characters, no "/", ":", "%" or blank, not only digits, not
 * ".", "..", "all" or "default" (which are folders of /proc/sys/net beside those of interfaces). */
bool interface_name_is_valid(const char *name);

/* Reads one pair. Where the container's name is missing it is PREFIX and the host's name. *ret is untouched on failure;
 * the reason names the bad half, which *ret_bad (if not NULL) gets too (points into TEXT). */
int interface_pair_parse(const char *text, const char *prefix, struct interface_pair *ret, const char **ret_bad,
                         struct error **err);

void interface_pairs_take(struct interface_pairs *pairs, struct interface_pair pair);
void interface_pairs_done(struct interface_pairs *pairs);
