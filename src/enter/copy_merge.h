/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* copy_merge: a copy moved over what is there (--force). For copy.c. */
#pragma once

#include "base/error.h"

/* Moves NAME of FROM_FD to NAME of TO_FD: a file takes the place of a file; of two folders the contents are put
 * together, with the attributes of the new one. -EISDIR or -ENOTDIR when one is a folder and the other is not. */
int copy_merge(int from_fd, const char *name, int to_fd, struct error **err);
