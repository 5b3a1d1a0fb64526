/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pkcs7: signatures of root hashes as 'openssl smime -sign -binary -noattr -outform der' makes them (RFC 5652,
 * SignedData): one signer, the digest of the signed text alone, which is elsewhere. Certificates that come along are
 * passed over: what counts is whose key fits, and nobody is trusted for bringing his own.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

enum pkcs7_key { PKCS7_RSA, PKCS7_EC };

struct pkcs7 {
    enum pkcs7_key key;                 /* the kind of the key; the digest is SHA-256 */
    const unsigned char *signature;     /* borrowed from the bytes */
    size_t signature_size;
};

/* -EBADMSG for what is none, -EOPNOTSUPP for one of another kind: the text says of which. */
int pkcs7_parse(const unsigned char *bytes, size_t size, struct pkcs7 *ret, struct error **err);
