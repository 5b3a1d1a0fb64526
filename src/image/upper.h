/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * upper: the two directories that make the writable layer of an overlay: "upper", whose top looks like that of the tree
 * it lies over, and "work", which is the kernel's own.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Makes both in the empty directory TOP_FD, which is given to the owner of the tree LIKE_FD (O_PATH will do), since
 * that is who exists on mapped mounts. HIDDEN: a name that the overlay does not show at its top; or NULL. */
int upper_make(int top_fd, int like_fd, const char *hidden, struct error **err);

/* Takes overlayfs's own notes (trusted.overlay.*) off a directory: they are about one pair of layers. 0 or a negative
 * errno. */
int upper_forget_notes(int fd);

/* Whether a directory in PARENT_FD can be one, as far as its file system tells. */
bool upper_fits_in(int parent_fd);
