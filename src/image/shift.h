/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shift: moves all owners of a tree into another range of ids, on disk (--private-users-ownership=chown).
 *
 * Each id keeps its low 16 bits and gets those of BASE above them, so that moving to base 0 undoes it, and trees of
 * mixed ranges become one. ACLs and file capabilities move along, set-user-id bits stay. The directory at the top is
 * changed last: it tells whether all is done, which makes a second call cheap and one after a crash go on. What a
 * file would lose in between is kept beside it (attribute "trusted.redd.shift") until it is back.
 * Nobody may use the tree meanwhile. What is mounted below it is not touched.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* PATH is for messages. STOP_FD: give up with -EINTR when it becomes readable; -1: none. *ret_changed is the number of
 * inodes that got another owner. -EINVAL: BASE is no multiple of 65536; -EROFS: the tree is read-only. */
int tree_shift(int tree_fd, const char *path, uint32_t base, int stop_fd, uint64_t *ret_changed, struct error **err);

/* The same for trees of which the top tells nothing: those that were used with and without a map by turns. Every file
 * is looked at. */
int tree_shift_completely(int tree_fd, const char *path, uint32_t base, int stop_fd, uint64_t *ret_changed,
                          struct error **err);
