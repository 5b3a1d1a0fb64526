/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trust: keys that the administrator trusts from now on: files in /etc/redd/keys (signature.h says who reads them).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Puts the key in the file PATH there: OpenPGP, armoured or not, or one of minisign or signify. Gives *ret_path, its
 * place, and whether it was new. R5170: it is no key, R5171: it cannot be put there. */
int trust_key(const char *path, char **ret_path, bool *ret_new, struct error **err);

/* The bytes in an armoured OpenPGP text; 0 and gives *ret, or -EBADMSG. */
int armor_decode(const char *text, size_t size, char **ret, size_t *ret_size);
