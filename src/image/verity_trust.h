/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verity_trust: whose signatures of root hashes this host accepts besides those that the kernel's keyrings vouch for:
 * the owners of the certificates *.crt (X.509 in PEM) in /etc/verity.d, /run/verity.d and /usr/lib/verity.d. A file
 * hides those of its name in later folders; an empty one, or a link to /dev/null, is none.
 *
 * The kernel does the arithmetic, with keys that belong to this process alone (keyctl(2), KEYCTL_PKEY_VERIFY).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* NULL behind the last. */
extern const char *const verity_trust_folders[];

/* Whether the SIGNATURE (pkcs7.h) of the hex digits HASH is by one of the certificates in FOLDERS. -EKEYREJECTED: by
 * none of them; -ENOKEY: there are none; -EOPNOTSUPP: the kernel cannot tell, or the signature is of another kind. */
int verity_trust_check(const char *hash, const unsigned char *signature, size_t size, const char *const folders[],
                       struct error **err);
