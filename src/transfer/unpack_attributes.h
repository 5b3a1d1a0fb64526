/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unpack_attributes: owner, mode, extended attributes, ACLs and times of an archive's entry, set in the order in which
 * the kernel undoes none of them. Calls that would change nothing are left out: a fresh file is root's and has its
 * mode.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "base/error.h"

struct archive_entry;
struct tree;

struct timespec entry_mtime(struct archive_entry *entry);

/* A file that was just made. HANDS_DOWN: its directory gave it more than was asked for. */
int attributes_set_fd(struct tree *tree, int fd, struct archive_entry *entry, bool hands_down, const char *path,
                      struct error **err);

/* A directory by name; SET_ALL: it is not fresh. */
int attributes_set_directory(struct tree *tree, int dir_fd, const char *name, struct archive_entry *entry, bool set_all,
                             const char *path, struct error **err);

/* A link or node, by name. */
int attributes_set_name(struct tree *tree, int dir_fd, const char *name, struct archive_entry *entry, bool hands_down,
                        const char *path, struct error **err);
