/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verity_super: the head of dm-verity's hash data, as veritysetup(8) writes it, and the line of the device mapper's
 * table that comes of it (Documentation/admin-guide/device-mapper/verity.rst of the kernel).
 *
 * Nothing in it has to be believed: who has the root hash has all of the rest by it, and wrong words in here only make
 * data not match. It is checked for making sense, since its words go into a line of text.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { VERITY_SUPER_SIZE = 512, VERITY_SALT_MAX = 256 };

struct verity_super {
    unsigned hash_type;
    char algorithm[33];         /* "sha256" */
    uint32_t data_block_size, hash_block_size;
    uint64_t data_blocks;
    char salt[2 * VERITY_SALT_MAX + 1];         /* hex digits; "-": none */
};

/* Reads BYTES, VERITY_SUPER_SIZE of them. DATA_SIZE: of what the hashes are about. -EBADMSG. */
int verity_super_parse(const unsigned char *bytes, uint64_t data_size, struct verity_super *ret, struct error **err);

/* Gives the parameters of the target "verity". ROOT_HASH: hex digits. KEY: the name of the key with the signature; NULL
 * for none. */
char *verity_super_table(const struct verity_super *super, dev_t data, dev_t hashes, const char *root_hash,
                         const char *key);
