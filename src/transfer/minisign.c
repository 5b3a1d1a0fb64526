/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signatures of minisign and signify: Ed25519 over the file, or over its BLAKE2b. Both are lines of base64 behind a
 * comment; minisign adds a comment that is signed too.
 */
#include "transfer/signature.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"

#define BASE64_MAX 4096u

/* The next line without its end; false at the end of the text. */
static bool next_line(const char **text, size_t *size, const char **ret, size_t *ret_size)
{
    const char *end;

    if (*size == 0)
        return false;
    end = memchr(*text, '\n', *size);
    *ret = *text;
    *ret_size = end ? (size_t) (end - *text) : *size;
    *size -= *ret_size + (end != NULL);
    *text += *ret_size + (end != NULL);
    if (*ret_size > 0 && (*ret)[*ret_size - 1] == '\r')
        --*ret_size;
    return true;
}

/* Exactly SIZE bytes of base64. */
static bool decode(const char *line, size_t line_size, uint8_t *ret, size_t size)
{
    auto_free unsigned char *bytes = NULL;
    size_t n;

    if (line_size > BASE64_MAX || base64_decode(line, line_size, &bytes, &n) < 0 || n != size)
        return false;
    (void) memcpy(ret, bytes, size);
    return true;
}

static bool starts(const char *line, size_t size, const char *prefix)
{
    return size >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

int minisign_parse(const char *text, size_t size, struct minisign *ret)
{
    static const char comment[] = "untrusted comment:", trusted[] = "trusted comment: ";
    uint8_t bytes[74];
    const char *line;
    size_t n;

    *ret = (struct minisign){0};
    if (!next_line(&text, &size, &line, &n) || !starts(line, n, comment) || !next_line(&text, &size, &line, &n) ||
        !decode(line, n, bytes, sizeof bytes) || bytes[0] != 'E' || (bytes[1] != 'd' && bytes[1] != 'D'))
        return -EBADMSG;
    ret->prehashed = bytes[1] == 'D';
    (void) memcpy(ret->id, bytes + 2, 8);
    (void) memcpy(ret->signature, bytes + 10, 64);
    if (!next_line(&text, &size, &line, &n))
        return ret->prehashed ? -EBADMSG : 0;
    if (!starts(line, n, trusted))
        return -EBADMSG;
    ret->has_global = true;
    ret->trusted = line + strlen(trusted);
    ret->trusted_size = n - strlen(trusted);
    return next_line(&text, &size, &line, &n) && decode(line, n, ret->global, sizeof ret->global) ? 0 : -EBADMSG;
}

int minisign_key_parse(const char *text, size_t size, struct minisign_key *ret)
{
    uint8_t bytes[42];
    const char *line;
    size_t n;

    while (next_line(&text, &size, &line, &n)) {
        if (!decode(line, n, bytes, sizeof bytes) || bytes[0] != 'E' || bytes[1] != 'd')
            continue;
        (void) memcpy(ret->id, bytes + 2, 8);
        (void) memcpy(ret->key, bytes + 10, 32);
        return 0;
    }
    return -EBADMSG;
}
