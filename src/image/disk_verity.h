/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_verity: what is known of the root hash of an image's part, where its hashes are, who signed it, and the device
 * on which each block is checked as it is read (dm-verity).
 *
 * The hash comes from the command line, from the attribute user.verity.roothash of the image, or from NAME.roothash
 * beside it (for /usr: user.verity.usrhash, NAME.usrhash); the signature from the command line or NAME.roothash.p7s;
 * both else from a partition of the image. Hashes are in a partition, or in NAME.verity.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id128.h"
#include "image/dm.h"
#include "image/loop.h"

/* What was asked for. All may be NULL. */
struct disk_request {
    const char *policy;                                 /* --image-policy= */
    const char *root_hash, *root_hash_sig, *verity_data;
};

struct disk_verity {
    char *hash;                 /* hex digits; NULL: none is known */
    bool is_asked;              /* on the command line */
    unsigned char *signature;   /* PKCS#7; NULL: none */
    size_t signature_size;
    int data_fd;                /* a file with the hashes; -1: none */
    bool has_place;             /* they lie in the image, at OFFSET */
    uint64_t offset, size;
    struct loop loop;
    struct dm_device device;
};

struct disk_verity *disk_verity_new(void);

/* What the request and the files beside the image at PATH, open as FD, say of the root, or of /usr. -EINVAL for a hash
 * that is none, -ENOENT for files that were named and are not there. */
int disk_verity_find(int fd, const char *path, bool is_usr, const struct disk_request *request,
                     struct disk_verity *verity, struct error **err);

/* The ids that the partition and that of its hashes have, going by the root hash. */
void disk_verity_ids(const char *hash, struct id128 *ret_data, struct id128 *ret_hashes);

/* Makes the device over DATA, SIZE bytes of the image FD. WITH_SIGNATURE: it is checked, too. -EKEYREJECTED when
 * the data has not the hash, or the hash no signature that the kernel, or this host (verity_trust.h), trusts. */
int disk_verity_open(struct disk_verity *verity, int image_fd, const struct loop *data, uint64_t size,
                     bool with_signature, struct undo *undo, struct error **err);

/* Accept NULL, return NULL. */
struct disk_verity *disk_verity_free(struct disk_verity *verity);
void disk_verity_freep(struct disk_verity **verity);
