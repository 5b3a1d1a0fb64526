/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* digest: sums of files, by the crypto library; and sums as text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "transfer/job.h"

enum digest_kind { DIGEST_SHA256, DIGEST_SHA512, DIGEST_SHA1, DIGEST_SHA384, DIGEST_BLAKE2B };

#define DIGEST_MAX 64

struct digest {
    enum digest_kind kind;
    uint8_t bytes[DIGEST_MAX];
};

size_t digest_size(enum digest_kind kind);
const char *digest_name(enum digest_kind kind);     /* "sha256" */

/* SIZE characters of hex digits. By length where KIND is NULL. */
bool digest_parse(const char *hex, size_t size, struct digest *ret);
/* "sha256:HEX", as OCI has it; -EINVAL. */
int digest_parse_tagged(const char *text, struct digest *ret);
void digest_format(const struct digest *digest, char ret[2 * DIGEST_MAX + 1]);
bool digest_equal(const struct digest *a, const struct digest *b);

/* Of bytes in memory, and of a file from its start, which a worker reads. */
int digest_of_bytes(enum digest_kind kind, const void *bytes, size_t size, struct digest *ret, struct error **err);
int digest_of_file(struct job *job, int fd, enum digest_kind kind, struct digest *ret, struct error **err);
