/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/verity_super.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/mem.h"

/* Where things are in the head; numbers are little-endian. */
enum {
    AT_VERSION = 8,
    AT_HASH_TYPE = 12,
    AT_ALGORITHM = 32,
    AT_DATA_BLOCK_SIZE = 64,
    AT_HASH_BLOCK_SIZE = 68,
    AT_DATA_BLOCKS = 72,
    AT_SALT_SIZE = 80,
    AT_SALT = 88,
    ALGORITHM_SIZE = 32,
    BLOCK_SIZE_MIN = 512,
    BLOCK_SIZE_MAX = 64 * 1024,
};

static uint64_t get(const unsigned char *at, unsigned size)
{
    uint64_t value = 0;

    while (size-- > 0)
        value = value << 8 | at[size];
    return value;
}

static int bad(struct error **err, const char *what)
{
    int r = fail_plain(err, EBADMSG, "the hashes (verity) of the image are damaged: %s", what);

    fail_id(*err, "R3212");
    fail_hint(*err, "'veritysetup dump' shows what is in them; they have to be made again when the image was changed");
    return r;
}

static bool is_block_size(uint32_t size)
{
    return size >= BLOCK_SIZE_MIN && size <= BLOCK_SIZE_MAX && (size & (size - 1)) == 0;
}

/* "sha256", "blake2b-256": what the kernel's names of hashes are made from, and nothing that parts words. */
static bool take_algorithm(const unsigned char *at, char *ret)
{
    size_t length = strnlen((const char *) at, ALGORITHM_SIZE);

    memcpy(ret, at, length);
    ret[length] = '\0';
    return length > 0 && strspn(ret, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

int verity_super_parse(const unsigned char *bytes, uint64_t data_size, struct verity_super *ret, struct error **err)
{
    static const char digits[] = "0123456789abcdef";
    size_t salt_size = get(bytes + AT_SALT_SIZE, 2);
    struct verity_super super = {
        .hash_type = (unsigned) get(bytes + AT_HASH_TYPE, 4),
        .data_block_size = (uint32_t) get(bytes + AT_DATA_BLOCK_SIZE, 4),
        .hash_block_size = (uint32_t) get(bytes + AT_HASH_BLOCK_SIZE, 4),
        .data_blocks = get(bytes + AT_DATA_BLOCKS, 8),
        .salt = "-",
    };

    if (memcmp(bytes, "verity\0\0", 8) != 0)
        return bad(err, "they have no head, or one of a kind that is not known");
    if (get(bytes + AT_VERSION, 4) != 1 || super.hash_type > 1)
        return bad(err, "they are of a version that is not known");
    if (!take_algorithm(bytes + AT_ALGORITHM, super.algorithm))
        return bad(err, "the name of the hash is none");
    if (!is_block_size(super.data_block_size) || !is_block_size(super.hash_block_size))
        return bad(err, "the size of a block is out of range");
    if (super.data_blocks == 0 || super.data_blocks > data_size / super.data_block_size)
        return bad(err, "they are about more than the partition has");
    if (salt_size > VERITY_SALT_MAX)
        return bad(err, "the salt is too long");
    for (size_t i = 0; i < salt_size; i++) {
        super.salt[2 * i] = digits[bytes[AT_SALT + i] >> 4];
        super.salt[2 * i + 1] = digits[bytes[AT_SALT + i] & 15];
        super.salt[2 * i + 2] = '\0';
    }
    *ret = super;
    return 0;
}

/* The head takes the first block of the hashes. */
char *verity_super_table(const struct verity_super *super, dev_t data, dev_t hashes, const char *root_hash,
                         const char *key)
{
    return mem_format("%u %u:%u %u:%u %u %u %llu 1 %s %s %s%s%s", super->hash_type, major(data), minor(data),
                      major(hashes), minor(hashes), super->data_block_size, super->hash_block_size,
                      (unsigned long long) super->data_blocks, super->algorithm, root_hash, super->salt,
                      key ? " 2 root_hash_sig_key_desc " : "", key ? key : "");
}
