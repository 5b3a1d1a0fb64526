/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpgv reads binary keyrings alone, so an armoured key is put there without its armour. */
#include "transfer/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "transfer/digest.h"
#include "transfer/signature.h"

#define FOLDER "/etc/redd/keys"
#define KEY_MAX (1u << 20)

static const char armor_start[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

int armor_decode(const char *text, size_t size, char **ret, size_t *ret_size)
{
    EVP_ENCODE_CTX *context;
    const char *body, *end;
    int n = 0, last = 0, r;

    if (size < sizeof armor_start || memcmp(text, armor_start, sizeof armor_start - 1) != 0)
        return -EBADMSG;
    /* headers end at the first empty line, the body at the checksum or the last line */
    body = memmem(text, size, "\n\n", 2);
    if (!body)
        body = memmem(text, size, "\n\r\n", 3);
    if (!body)
        return -EBADMSG;
    end = memmem(body, (size_t) (text + size - body), "\n=", 2);
    if (!end)
        end = memmem(body, (size_t) (text + size - body), "\n-----END", 9);
    if (!end)
        return -EBADMSG;

    auto_free char *bytes = mem_alloc((size_t) (end - body) + 4);
    context = EVP_ENCODE_CTX_new();
    EVP_DecodeInit(context);
    r = EVP_DecodeUpdate(context, (unsigned char *) bytes, &n, (const unsigned char *) body, (int) (end + 1 - body));
    if (r >= 0)
        r = EVP_DecodeFinal(context, (unsigned char *) bytes + n, &last);
    EVP_ENCODE_CTX_free(context);
    if (r < 0 || n + last <= 0)
        return -EBADMSG;
    *ret = TAKE(bytes);
    *ret_size = (size_t) (n + last);
    return 0;
}

/* A public key packet, in the old form of lengths or the new one. */
static bool is_openpgp(const char *bytes, size_t size)
{
    unsigned char tag = size > 0 ? (unsigned char) bytes[0] : 0;

    return (tag & 0xc0) == 0xc0 ? (tag & 0x3f) == 6 : (tag & 0x80) && ((tag >> 2) & 15) == 6;
}

static int no_key(const char *path, struct error **err)
{
    fail_plain(err, EBADMSG, "'%s' is no public key", path);
    fail_id(*err, "R5170");
    fail_hint(*err, "known are OpenPGP keys (gpg --export), and those of minisign and signify");
    return -EBADMSG;
}

static int put_key(const char *bytes, size_t size, const char *suffix, char **ret_path, bool *ret_new,
                   struct error **err)
{
    char hex[2 * DIGEST_MAX + 1];
    struct digest digest;

    if (digest_of_bytes(DIGEST_SHA256, bytes, size, &digest, err) < 0)
        return -error_code(*err);
    digest_format(&digest, hex);

    auto_free char *name = mem_format("%.16s%s", hex, suffix);
    int r = dir_make_all(FOLDER, 0755);
    auto_close int fd = r < 0 ? -1 : file_open(FOLDER, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        fail(err, r < 0 ? -r : errno, "cannot put a key into " FOLDER);
        fail_id(*err, "R5171");
        return -error_code(*err);
    }
    *ret_new = faccessat(fd, name, F_OK, 0) < 0;
    if (file_replace_at(fd, name, bytes, size, 0644, err) < 0)
        return -error_code(*err);
    *ret_path = path_join(FOLDER, name);
    return 0;
}

int trust_key(const char *path, char **ret_path, bool *ret_new, struct error **err)
{
    auto_free char *text = NULL, *bytes = NULL;
    struct minisign_key key;
    size_t size, n;

    if (file_read_at(AT_FDCWD, path, KEY_MAX, &text, &size, err) < 0)
        return -error_code(*err);
    if (is_openpgp(text, size))
        return put_key(text, size, ".gpg", ret_path, ret_new, err);
    if (armor_decode(text, size, &bytes, &n) == 0)
        return is_openpgp(bytes, n) ? put_key(bytes, n, ".gpg", ret_path, ret_new, err) : no_key(path, err);
    if (minisign_key_parse(text, size, &key) == 0)
        return put_key(text, size, ".pub", ret_path, ret_new, err);
    return no_key(path, err);
}
