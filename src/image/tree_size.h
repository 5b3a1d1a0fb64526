/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree_size: the blocks that a tree takes, each file counted once however many names it has; mounts below are left
 * out. */
#pragma once

#include <stdint.h>

/* Of the directory FD (O_PATH will do), in bytes. 0 or a negative errno. */
int tree_size(int fd, uint64_t *ret);
