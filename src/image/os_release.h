/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* os_release: which system a tree holds, by its os-release(5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strings;

/* Owned; NULL where the tree does not say. */
struct os_release {
    char *id, *version_id, *pretty_name;
};
void os_release_done(struct os_release *release);

/* Fills *RET from the text of such a file; lines that are none are skipped. */
void os_release_parse(const char *text, struct os_release *ret);

/* From /etc/os-release or /usr/lib/os-release of the tree at ROOT_FD, whose owner may be an enemy. False, and empty,
 * where neither can be read. */
bool os_release_read(int root_fd, struct os_release *ret);

/* All assignments of such a file, as NAME=VALUE with quotes undone: of the first of N PLACES in the tree that there is.
 * What cannot be printed is left out. -ENOENT when there is none. */
int assignments_read(int root_fd, const char *const *places, size_t n, struct strings *ret);

/* Those of os-release. */
int os_release_read_all(int root_fd, struct strings *ret);
