/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interface_name: names of interfaces that are made of other names, within the 15 characters the kernel has for them.
 *
 * A name that is too long keeps its first 11 characters, and 4 more say which of all names with this beginning it is:
 * 24 bits of a hash of the whole, in base64 for URLs. The whole name becomes the interface's alternative one.
 */
#pragma once

#include <stdbool.h>

#include "config/interface_pair.h"

#define INTERFACE_NAME_SIZE (INTERFACE_NAME_MAX + 1)

/* Puts NAME into RET, cut where needed; true when it was. HASHED: as above; else it is cut off after 15 characters, as
 * it was long ago. */
bool interface_name_shorten(const char *name, bool hashed, char ret[INTERFACE_NAME_SIZE]);

/* Whether SCHEME, the value of $NET_NAMING_SCHEME or NULL, has hashes: all but v238 to v243 do. */
bool interface_name_scheme_has_hashes(const char *scheme);
