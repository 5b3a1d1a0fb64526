/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/verity_signature.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/strings.h"

static int bad(struct error **err, const char *what)
{
    int r = fail_plain(err, EBADMSG, "the partition with the signature is damaged: %s", what);

    fail_id(*err, "R3213");
    return r;
}

char *verity_hash_parse(const char *text)
{
    auto_free char *copy = mem_copy_string(text);
    char *digits = string_trim(copy);
    size_t length = strlen(digits);

    if (length % 2 != 0 || length < VERITY_HASH_DIGITS_MIN || length > VERITY_HASH_DIGITS_MAX)
        return NULL;
    for (char *at = digits; *at; at++) {
        if (hex_digit_value(*at) < 0)
            return NULL;
        *at |= 0x20;            /* digits have the bit already */
    }
    return mem_copy_string(digits);
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* A string in which nothing is escaped: hex digits and base64 never need it. NULL at anything else. */
static const char *read_string(const char *at, const char **ret, size_t *ret_length)
{
    if (*at != '"')
        return NULL;

    size_t length = strcspn(at + 1, "\"\\");
    if (at[1 + length] != '"')
        return NULL;
    *ret = at + 1;
    *ret_length = length;
    return at + length + 2;
}

static bool is_word(const char *at, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(at, word, length) == 0;
}

/* One member; of each name the first counts. */
static const char *read_member(const char *at, struct verity_signature *signature)
{
    const char *name, *value;
    size_t name_length, length;

    at = read_string(skip_blanks(at), &name, &name_length);
    at = at ? skip_blanks(at) : NULL;
    if (!at || *at != ':')
        return NULL;
    at = read_string(skip_blanks(at + 1), &value, &length);
    if (!at)
        return NULL;
    if (is_word(name, name_length, "rootHash") && !signature->hash) {
        auto_free char *text = mem_copy_bytes(value, length);
        signature->hash = verity_hash_parse(text);
    } else if (is_word(name, name_length, "signature") && !signature->bytes &&
               base64_decode(value, length, &signature->bytes, &signature->size) < 0)
        return NULL;
    return skip_blanks(at);
}

int verity_signature_parse(const char *text, struct verity_signature *ret, struct error **err)
{
    CLEANUP(verity_signature_done) struct verity_signature signature = {0};
    const char *at = skip_blanks(text);
    char next = *at;

    if (next != '{')
        return bad(err, "it holds no object of JSON");
    do {
        at = read_member(at + 1, &signature);
        if (!at)
            return bad(err, "a member is none that has a place in it");
        next = *at;
    } while (next == ',');
    if (next != '}')
        return bad(err, "its object does not end");
    if (!signature.hash || !signature.bytes || signature.size == 0)
        return bad(err, "it has no root hash, or no signature");
    *ret = signature;
    signature = (struct verity_signature){0};
    return 0;
}

void verity_signature_done(struct verity_signature *signature)
{
    free(TAKE(signature->hash));
    free(TAKE(signature->bytes));
}
