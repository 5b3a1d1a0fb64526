/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * path_set: which paths were seen, as hashes, in no more memory than 32 MiB, whatever comes. Two paths with one hash
 * count as one.
 */
#pragma once

#include <stdbool.h>

struct path_set;

struct path_set *path_set_new(void);
/* More are not taken up; then path_set_is_full(), and what was not seen may have been. */
#define PATH_SET_MAX (2u << 20)

void path_set_add(struct path_set *set, const char *path);
bool path_set_has(const struct path_set *set, const char *path);
bool path_set_is_full(const struct path_set *set);
struct path_set *path_set_free(struct path_set *set);
