/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Line by line; a line is one of ours or it is nothing. */
#include "transfer/checksum_list.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct span {
    const char *at;
    size_t size;
};

static bool span_is(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.at, text, span.size) == 0;
}

static struct span trim(struct span span)
{
    while (span.size > 0 && (is_blank(span.at[span.size - 1]) || span.at[span.size - 1] == '\r'))
        span.size--;
    while (span.size > 0 && is_blank(*span.at)) {
        span.at++;
        span.size--;
    }
    return span;
}

/* "HEX  NAME", "HEX *NAME", or "HEX". */
static bool take_gnu(struct span line, struct digest *ret, struct span *ret_name)
{
    size_t n = 0;

    while (n < line.size && is_hex(line.at[n]))
        n++;
    if (!digest_parse(line.at, n, ret) || (n < line.size && !is_blank(line.at[n])))
        return false;
    line.at += n;
    line.size -= n;
    line = trim(line);
    if (line.size > 0 && *line.at == '*') {
        line.at++;
        line.size--;
    }
    while (line.size > 2 && line.at[0] == '.' && line.at[1] == '/') {
        line.at += 2;
        line.size -= 2;
    }
    *ret_name = line;
    return true;
}

/* "SHA256 (NAME) = HEX" */
static bool take_bsd(struct span line, struct digest *ret, struct span *ret_name)
{
    static const struct {
        const char *tag;
        enum digest_kind kind;
    } tags[] = {{"SHA256 (", DIGEST_SHA256}, {"SHA512 (", DIGEST_SHA512}, {"SHA384 (", DIGEST_SHA384}};

    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        size_t n = strlen(tags[i].tag), hex = 2 * digest_size(tags[i].kind), name;

        if (line.size < n + hex + 4 || memcmp(line.at, tags[i].tag, n) != 0)
            continue;
        name = line.size - n - hex - 4;
        if (memcmp(line.at + n + name, ") = ", 4) != 0 || !digest_parse(line.at + line.size - hex, hex, ret))
            return false;
        *ret_name = (struct span){line.at + n, name};
        return ret->kind == tags[i].kind;
    }
    return false;
}

static int merge(struct digest *best, bool *have, const struct digest *found)
{
    if (*have && best->kind == found->kind && !digest_equal(best, found))
        return -EBADMSG;
    if (!*have || digest_size(found->kind) > digest_size(best->kind))
        *best = *found;
    *have = true;
    return 0;
}

int checksum_list_find(const char *text, size_t size, const char *name, bool alone, struct digest *ret)
{
    const char *end = text + size;
    struct digest best = {0};
    bool have = false;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t) (end - text));
        struct span line = trim((struct span){text, (size_t) ((newline ? newline : end) - text)}), named = {0};
        struct digest digest;

        text = newline ? newline + 1 : end;
        if (!take_gnu(line, &digest, &named) && !take_bsd(line, &digest, &named))
            continue;
        if (named.size == 0 ? !alone : !span_is(named, name))
            continue;
        if (merge(&best, &have, &digest) < 0)
            return -EBADMSG;
    }
    if (have)
        *ret = best;
    return have;
}
