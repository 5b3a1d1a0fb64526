/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * path: path names as text, and opening paths inside a tree whose owner may be an enemy.
 *
 * Anything inside a container's tree is opened with path_open_in() relative to the tree's fd; never paste
 * "root + path" together. Host paths the caller gave are opened as they are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

bool path_is_absolute(const char *path);
bool path_has_dotdot(const char *path);
/* Absolute against the working directory, with "//", "/./" and trailing slashes removed; ".." is kept. Gives. */
int path_make_absolute(const char *path, char **ret, struct error **err);
/* Last component ("" for "/"); points into PATH. */
const char *path_last(const char *path);
/* Everything before the last component ("/" at least). Gives. */
char *path_parent(const char *path);
char *path_join(const char *parent, const char *child);
/* PATH lies at or below PREFIX, by components. */
bool path_is_below(const char *path, const char *prefix);
/* Order by components, so that a parent sorts before its children: for qsort() of mount targets. */
int path_compare(const char *a, const char *b);

/* Opens PATH (absolute or not) inside the tree ROOT_FD: symbolic links resolve inside the tree, ".." stops at its
 * root, magic links of procfs are refused (openat2(2), Linux 5.6: RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS).
 * FLAGS as for open(2), O_CLOEXEC is added. Returns the fd or a negative errno. */
int path_open_in(int root_fd, const char *path, int flags, mode_t mode);

/* As path_open_in() for reading a regular file, and nothing else: a device or a FIFO that the tree's owner put there is
 * not even opened. -EINVAL for those. */
int path_open_file_in(int root_fd, const char *path);

/* Reads such a file: its text, cut off at LIMIT bytes, is given. 0 or a negative errno. */
int path_read_file_in(int root_fd, const char *path, size_t limit, char **ret);

/* As path_open_in() for a directory, made with its parents (mode 0755, owner UID:GID) where missing; what a dangling
 * symbolic link on the way names is made too. */
int path_make_dir_in(int root_fd, const char *path, uid_t uid, gid_t gid);

/* Opens (O_PATH) the directory that holds the last component of PATH, made like path_make_dir_in() where missing and
 * MAKE; sets *ret_name to the component (points into PATH). */
int path_open_parent_in(int root_fd, const char *path, bool make, uid_t uid, gid_t gid, const char **ret_name);

/* "/proc/self/fd/N", for calls that know only path names. BUFFER holds at least 32 bytes. */
const char *path_of_fd(char *buffer, int fd);

/* The path of the program that runs; "/proc/self/exe" when it is at none any more, as after an update. Gives. */
char *path_of_self(void);

/* The program NAME of redd's that belongs to the one that runs: beside it, as in a build's folder, else where programs
 * for programs are installed. Gives. */
char *path_of_own_program(const char *name);
