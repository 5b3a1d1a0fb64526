/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libcrypto's EVP interface, which takes the processor's own instructions. */
#include "transfer/digest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/mem.h"
#include "base/strings.h"

#define BUFFER_SIZE (256u * 1024)

/* clang-format off */
static const struct { const char *name; size_t size; const EVP_MD *(*md)(void); } kinds[] = {
    [DIGEST_SHA256]  = {"sha256",  32, EVP_sha256},
    [DIGEST_SHA512]  = {"sha512",  64, EVP_sha512},
    [DIGEST_SHA1]    = {"sha1",    20, EVP_sha1},
    [DIGEST_SHA384]  = {"sha384",  48, EVP_sha384},
    [DIGEST_BLAKE2B] = {"blake2b", 64, EVP_blake2b512},
};
/* clang-format on */

size_t digest_size(enum digest_kind kind)
{
    return kinds[kind].size;
}

const char *digest_name(enum digest_kind kind)
{
    return kinds[kind].name;
}

static bool parse_hex(const char *hex, size_t size, struct digest *ret)
{
    for (size_t i = 0; i < size; i++)
        if (hex_digit_value(hex[i]) < 0)
            return false;
    for (size_t i = 0; i < size / 2; i++)
        ret->bytes[i] = (uint8_t) (hex_digit_value(hex[2 * i]) * 16 + hex_digit_value(hex[2 * i + 1]));
    return true;
}

/* SHA-1 proves nothing any more, and BLAKE2b has SHA-512's length: neither is recognized by length. */
bool digest_parse(const char *hex, size_t size, struct digest *ret)
{
    static const enum digest_kind by_length[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};

    *ret = (struct digest){0};
    for (size_t i = 0; i < COUNT_OF(by_length); i++)
        if (size == 2 * kinds[by_length[i]].size) {
            ret->kind = by_length[i];
            return parse_hex(hex, size, ret);
        }
    return false;
}

int digest_parse_tagged(const char *text, struct digest *ret)
{
    static const enum digest_kind allowed[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};

    for (size_t i = 0; i < COUNT_OF(allowed); i++) {
        const char *hex = string_after(text, kinds[allowed[i]].name);

        if (!hex || *hex != ':' || strlen(hex + 1) != 2 * kinds[allowed[i]].size)
            continue;
        *ret = (struct digest){.kind = allowed[i]};
        return parse_hex(hex + 1, strlen(hex + 1), ret) ? 0 : -EINVAL;
    }
    return -EINVAL;
}

void digest_format(const struct digest *digest, char ret[2 * DIGEST_MAX + 1])
{
    for (size_t i = 0; i < kinds[digest->kind].size; i++) {
        ret[2 * i] = "0123456789abcdef"[digest->bytes[i] >> 4];
        ret[2 * i + 1] = "0123456789abcdef"[digest->bytes[i] & 15];
    }
    ret[2 * kinds[digest->kind].size] = '\0';
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, kinds[a->kind].size) == 0;
}

static int no_memory(struct error **err)
{
    return fail(err, ENOMEM, "cannot compute a checksum");
}

int digest_of_bytes(enum digest_kind kind, const void *bytes, size_t size, struct digest *ret, struct error **err)
{
    ret->kind = kind;
    return EVP_Digest(bytes, size, ret->bytes, NULL, kinds[kind].md(), NULL) == 1 ? 0 : no_memory(err);
}

struct summing {
    int fd;
    enum digest_kind kind;
};

static int sum_work(void *data, struct channel *up, struct error **err)
{
    const struct summing *summing = data;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct digest digest = {.kind = summing->kind};
    auto_free char *buffer = mem_alloc(BUFFER_SIZE);
    char text[2 * DIGEST_MAX + 1];
    ssize_t n;
    off_t at = 0;

    if (!context || EVP_DigestInit_ex(context, kinds[summing->kind].md(), NULL) != 1)
        return no_memory(err);
    while ((n = pread(summing->fd, buffer, BUFFER_SIZE, at)) > 0) {
        (void) EVP_DigestUpdate(context, buffer, (size_t) n);
        at += n;
    }
    if (n < 0)
        return fail(err, errno, "cannot read the file to compute its checksum");
    if (EVP_DigestFinal_ex(context, digest.bytes, NULL) != 1)
        return no_memory(err);
    EVP_MD_CTX_free(context);
    digest_format(&digest, text);
    channel_fact(up, "digest=%s", text);
    return 0;
}

int digest_of_file(struct job *job, int fd, enum digest_kind kind, struct digest *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings facts = {0};
    struct summing summing = {.fd = fd, .kind = kind};
    const struct worker worker = {
        .what = "summing up", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = sum_work, .data = &summing};
    const char *text;

    if (job_work(job, worker, &facts, err) < 0)
        return -error_code(*err);
    text = environment_get(&facts, "digest");
    *ret = (struct digest){.kind = kind};
    if (!text || strlen(text) != 2 * kinds[kind].size || !parse_hex(text, strlen(text), ret))
        return fail(err, EBADMSG, "the worker gave no checksum");
    return 0;
}
