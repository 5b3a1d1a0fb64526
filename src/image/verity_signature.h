/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verity_signature: a root hash and who vouches for it, as they lie in a partition of their own: a JSON object with
 * "rootHash" and "signature", the latter PKCS#7 in base64 (Discoverable Partitions Specification).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

enum { VERITY_SIGNATURE_MAX = 64 * 1024, VERITY_HASH_DIGITS_MIN = 32, VERITY_HASH_DIGITS_MAX = 256 };

struct verity_signature {
    char *hash;                 /* hex digits in lower case */
    unsigned char *bytes;
    size_t size;
};

/* Reads TEXT, whatever stands behind its end. -EBADMSG. */
int verity_signature_parse(const char *text, struct verity_signature *ret, struct error **err);

/* Gives the hex digits of TEXT in lower case, blanks at its ends left out; NULL when it is no hash. */
char *verity_hash_parse(const char *text);

void verity_signature_done(struct verity_signature *signature);
