/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* base64: bytes as text (RFC 4648, section 4), with padding and without line breaks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Gives the bytes that LENGTH characters of TEXT stand for; -EINVAL when they stand for none. */
int base64_decode(const char *text, size_t length, unsigned char **ret, size_t *ret_size);
