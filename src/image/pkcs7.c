/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/pkcs7.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Tags of DER. */
enum { INTEGER = 0x02, OCTETS = 0x04, OBJECT = 0x06, SEQUENCE = 0x30, SET = 0x31, FIRST = 0xa0, SECOND = 0xa1 };

/* What is left of some bytes. */
struct rest {
    const unsigned char *at, *end;
};

static int bad(struct error **err, const char *what)
{
    return fail_plain(err, EBADMSG, "it is damaged, or no PKCS#7 in DER (%s)", what);
}

static bool is_next(const struct rest *rest, unsigned tag)
{
    return rest->at < rest->end && *rest->at == tag;
}

/* Takes the next value, of whatever tag. Lengths are definite ones of at most three bytes. */
static bool take_any(struct rest *rest, struct rest *ret)
{
    size_t left = (size_t) (rest->end - rest->at), head = 2, size;

    if (left < head)
        return false;
    size = rest->at[1];
    if (size > 0x80 && size <= 0x83) {
        size_t bytes = size & 0x7f;

        head += bytes;
        if (left < head)
            return false;
        size = 0;
        for (size_t i = 0; i < bytes; i++)
            size = size << 8 | rest->at[2 + i];
    } else if (size >= 0x80)
        return false;
    if (size > left - head)
        return false;
    *ret = (struct rest){rest->at + head, rest->at + head + size};
    rest->at = ret->end;
    return true;
}

static bool take(struct rest *rest, unsigned tag, struct rest *ret)
{
    return is_next(rest, tag) && take_any(rest, ret);
}

static bool skip(struct rest *rest, unsigned tag)
{
    struct rest ignored;

    return take(rest, tag, &ignored);
}

static bool begins(const struct rest *object, const void *bytes, size_t size)
{
    return (size_t) (object->end - object->at) >= size && memcmp(object->at, bytes, size) == 0;
}

/* 2.16.840.1.101.3.4.2.1 */
static bool is_sha256(const struct rest *object)
{
    static const unsigned char sha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};

    return object->end - object->at == sizeof sha256 && begins(object, sha256, sizeof sha256);
}

/* PKCS #1 (rsaEncryption, or with the digest; not PSS, which is 10), ecdsa-with-SHA256 */
static bool kind_of_key(const struct rest *object, enum pkcs7_key *ret)
{
    static const unsigned char rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01};
    static const unsigned char ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    bool is_rsa = begins(object, rsa, sizeof rsa) && object->end - object->at == sizeof rsa + 1 &&
                  (object->end[-1] == 1 || object->end[-1] == 11);

    if (!is_rsa && !(begins(object, ec, sizeof ec) && object->end - object->at == sizeof ec))
        return false;
    *ret = is_rsa ? PKCS7_RSA : PKCS7_EC;
    return true;
}

static int parse_signer(struct rest signer, struct pkcs7 *ret, struct error **err)
{
    struct rest who, digest, method, object, signature;

    if (!skip(&signer, INTEGER) || !take_any(&signer, &who) || !take(&signer, SEQUENCE, &digest) ||
        !take(&digest, OBJECT, &object))
        return bad(err, "the signer");
    if (!is_sha256(&object))
        return fail_plain(err, EOPNOTSUPP, "its digest is not SHA-256");
    if (is_next(&signer, FIRST))
        return fail_plain(err, EOPNOTSUPP, "it has attributes, which '-noattr' leaves out");
    if (!take(&signer, SEQUENCE, &method) || !take(&method, OBJECT, &object) || !take(&signer, OCTETS, &signature) ||
        signature.at == signature.end)
        return bad(err, "the signature");
    if (!kind_of_key(&object, &ret->key))
        return fail_plain(err, EOPNOTSUPP, "its key is neither one of RSA nor of ECDSA");
    ret->signature = signature.at;
    ret->signature_size = (size_t) (signature.end - signature.at);
    return 0;
}

int pkcs7_parse(const unsigned char *bytes, size_t size, struct pkcs7 *ret, struct error **err)
{
    /* 1.2.840.113549.1.7.2 */
    static const unsigned char signed_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
    struct rest rest = {bytes, bytes + size}, whole, object, place, data, content, signers, signer;

    if (!take(&rest, SEQUENCE, &whole) || !take(&whole, OBJECT, &object) ||
        !begins(&object, signed_data, sizeof signed_data) || !take(&whole, FIRST, &place) ||
        !take(&place, SEQUENCE, &data))
        return bad(err, "the outermost parts");
    if (!skip(&data, INTEGER) || !skip(&data, SET) || !take(&data, SEQUENCE, &content) || !skip(&content, OBJECT))
        return bad(err, "what is signed");
    if (content.at < content.end)
        return fail_plain(err, EOPNOTSUPP, "it holds a text of its own; one that is detached is wanted");
    (void) skip(&data, FIRST);          /* certificates */
    (void) skip(&data, SECOND);         /* revoked ones */
    if (!take(&data, SET, &signers) || !take(&signers, SEQUENCE, &signer))
        return bad(err, "the signers");
    if (signers.at < signers.end)
        return fail_plain(err, EOPNOTSUPP, "it has several signers");
    return parse_signer(signer, ret, err);
}
