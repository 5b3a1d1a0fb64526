/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sha256: the digest of a few bytes at hand (FIPS 180-4), where no library is. Files are digested by redd-transfer. */
#pragma once

#include <stddef.h>

enum { SHA256_SIZE = 32 };

void sha256(const void *data, size_t size, unsigned char ret[SHA256_SIZE]);
