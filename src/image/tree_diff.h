/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree_diff: what of one tree is new, gone or different in another. */
#pragma once

#include "base/error.h"

/* CHANGE: 'A' is new, 'D' is gone, 'C' is different: type, owner, mode, size, device, target of a link, time of
 * change or (when that alone differs) content. Of a folder that is new or gone, nothing below it is told. PATH is
 * relative. */
typedef void tree_diff_fn(void *context, char change, const char *path);

int tree_diff(int then_fd, int now_fd, tree_diff_fn *tell, void *context, struct error **err);
