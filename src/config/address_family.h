/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* address_family: names of socket address families, linux/socket.h, and the list that says which may be used. */
#pragma once

#include "base/error.h"
#include "config/spec.h"

/* "AF_INET" in any case; -EINVAL. */
int address_family_parse(const char *text, int *ret);
/* NULL for a number without a name. */
const char *address_family_name(int number);

/* Adds to SPEC what TEXT says: words parted by blanks, all meant "not" behind a leading "~"; "none" allows nothing,
 * "" lifts every restriction. Uses add up: a word of the other kind takes one out of the list again. */
int address_families_add(struct spec *spec, const char *text, struct error **err);
