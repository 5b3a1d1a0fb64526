/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remove_tree: an end of a container's tree, whatever its owner did to keep it: subvolumes, nested and read-only ones
 * too, and files with the immutable or append-only flag. */
#pragma once

#include <stdbool.h>

/* Removes NAME in PARENT_FD, a file or a tree; stays on its file system, follows no link, goes on after failures and
 * returns the first one. Success when nothing is there. 0 or a negative errno. */
int remove_tree(int parent_fd, const char *name);

/* Takes the immutable and append-only flags off NAME in DIR_FD ("." for DIR_FD itself), if it has them. */
void clear_flags(int dir_fd, const char *name);
/* The immutable flag of the directory FD (O_PATH will do), which is how a tree is marked read-only. */
bool flag_is_set(int fd);
void flag_set(int dir_fd, const char *name);
