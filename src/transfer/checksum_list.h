/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * checksum_list: files that say which checksum other files have. Known are the lines of sha256sum(1), with "*" for
 * binary and "./" in front of names; BSD's "SHA256 (NAME) = HEX"; and a file that is one sum and nothing else, for
 * the file it is named after. Other lines (titles, signatures, comments) are passed over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "transfer/digest.h"

/* Finds NAME's sum in TEXT; the strongest, where there are several. ALONE: TEXT is about NAME only, which need not be
 * named. 1 found, 0 not, -EBADMSG: two sums of one kind that differ. */
int checksum_list_find(const char *text, size_t size, const char *name, bool alone, struct digest *ret);
