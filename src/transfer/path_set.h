/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* path_set: which paths were seen, as hashes: eight bytes each. Two paths with one hash count as one. */
#pragma once

#include <stdbool.h>

struct path_set;

struct path_set *path_set_new(void);
void path_set_add(struct path_set *set, const char *path);
bool path_set_has(const struct path_set *set, const char *path);
struct path_set *path_set_free(struct path_set *set);
