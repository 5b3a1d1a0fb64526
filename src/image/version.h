/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * version: order of version strings, and folders that hold one thing in several versions ("NAME.v/").
 *
 * NAME.v/ holds NAME_VERSION[_ARCHITECTURE][+LEFT[-DONE]] (with a suffix: NAME.raw.v/ holds NAME_VERSION….raw); the
 * path FOLDER.v/NAME___.raw names the pattern itself. The newest version that can run here counts; what has used up
 * its tries (LEFT is 0) comes after all others.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Less than, equal to or greater than 0, after UAPI.10 (Version Format Specification). Sizes are given, since the
 * strings are parts of file names. */
int version_compare(const char *a, size_t a_size, const char *b, size_t b_size);

/* Resolves PATH when it names a versioned folder or a pattern in one. TYPE is S_IFDIR or S_IFREG, SUFFIX is ".raw" or
 * "". Returns 1 and gives *ret, 0 when PATH is neither, -ENOENT when nothing in the folder fits. */
int version_pick(const char *path, mode_t type, const char *suffix, char **ret, struct error **err);
