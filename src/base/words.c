/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Splitting text into pieces and undoing escapes: the half of strings.h that reads quoting. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

void strings_split(struct strings *list, const char *text, const char *separators)
{
    while (*(text += strspn(text, separators))) {
        size_t length = strcspn(text, separators);

        strings_take(list, mem_copy_bytes(text, length));
        text += length;
    }
}

int strings_split_colons(struct strings *list, const char *text)
{
    auto_free char *piece = mem_alloc(strlen(text) + 1);
    size_t length = 0;

    for (;; text++) {
        if (*text == '\\' && text[1] == '\0')
            return -EINVAL;
        if (*text == '\\') {
            piece[length++] = *++text;
        } else if (*text == ':' || *text == '\0') {
            strings_take(list, mem_copy_bytes(piece, length));
            length = 0;
            if (!*text)
                return 0;
        } else
            piece[length++] = *text;
    }
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* Reads DIGITS digits of BASE from [at, end). */
static int read_number(const char *at, const char *end, unsigned digits, unsigned base, uint32_t *ret)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < digits; i++) {
        if (at + i >= end || digit_value(at[i]) >= (int) base)
            return -EINVAL;
        value = value * base + (uint32_t) digit_value(at[i]);
    }
    *ret = value;
    return 0;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char) c;
        return 1;
    }

    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};

    out[0] = (char) (lead[more] | c >> (6 * more));
    for (unsigned i = 1; i <= more; i++)
        out[i] = (char) (0x80 | (c >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

/* Undoes the escape behind a backslash at AT; returns how many bytes of the source it took, or -EINVAL. */
static int unescape_one(const char *at, const char *end, char *out, size_t *length, bool allow_nul)
{
    static const char from[] = "abfnrtvs\\\"'", to[] = "\a\b\f\n\r\t\v \\\"'";
    const char *simple;
    uint32_t value = 0;
    int taken;

    if (at >= end)
        return -EINVAL;
    if (*at && (simple = strchr(from, *at))) {
        out[(*length)++] = to[simple - from];
        return 1;
    }

    unsigned digits = *at == 'x' ? 2 : *at == 'u' ? 4 : *at == 'U' ? 8 : 0;
    if (digits) {
        if (read_number(at + 1, end, digits, 16, &value) < 0)
            return -EINVAL;
        taken = (int) digits + 1;
    } else {
        if (read_number(at, end, 3, 8, &value) < 0 || value > 255)
            return -EINVAL;
        taken = 3;
    }
    if ((value == 0 && !allow_nul) || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return -EINVAL;
    if (digits > 2)
        *length += put_utf8(out + *length, value);
    else
        out[(*length)++] = (char) value;
    return taken;
}

int string_unescape(const char *text, size_t size, bool allow_nul, char **ret, size_t *ret_size)
{
    auto_free char *out = mem_alloc(size + 1);
    const char *end = text + size;
    size_t length = 0;

    while (text < end) {
        if (*text != '\\') {
            out[length++] = *text++;
            continue;
        }

        int taken = unescape_one(text + 1, end, out, &length, allow_nul);
        if (taken < 0)
            return taken;
        text += 1 + taken;
    }
    out[length] = '\0';
    *ret = TAKE(out);
    if (ret_size)
        *ret_size = length;
    return 0;
}

static int split_quoted(struct strings *list, const char *text, bool undo_escapes)
{
    const char *end = text + strlen(text);
    auto_free char *word = mem_alloc(strlen(text) + 1);

    for (;;) {
        size_t length = 0;
        char quote = 0;

        text += strspn(text, " \t\n\r");
        if (text == end)
            return 0;
        for (; text < end && (quote || !strchr(" \t\n\r", *text)); text++) {
            if (*text == '\\' && undo_escapes) {
                int taken = unescape_one(text + 1, end, word, &length, false);

                if (taken < 0)
                    return taken;
                text += taken;
            } else if (*text == quote) {
                quote = 0;
            } else if (!quote && (*text == '"' || *text == '\'')) {
                quote = *text;
            } else
                word[length++] = *text;
        }
        if (quote)
            return -EINVAL;
        strings_take(list, mem_copy_bytes(word, length));
    }
}

int strings_split_words(struct strings *list, const char *text)
{
    return split_quoted(list, text, true);
}

int strings_split_quoted(struct strings *list, const char *text)
{
    return split_quoted(list, text, false);
}
