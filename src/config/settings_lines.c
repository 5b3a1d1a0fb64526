/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to logical lines. */
#include "config/settings_lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

void lines_init(struct lines *lines, const char *text, size_t size)
{
    static const char mark[] = "\xef\xbb\xbf";

    /* a byte order mark, from editors that write one */
    if (size >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        size -= 3;
    }
    *lines = (struct lines){.at = text, .end = text + size};
}

void lines_done(struct lines *lines)
{
    free(lines->line);
    lines->line = NULL;
}

/* One physical line without its end, NULL at the end of the text. */
static const char *next_physical(struct lines *lines, size_t *ret_length)
{
    const char *start = lines->at, *p = start;

    if (start == lines->end)
        return NULL;
    while (p < lines->end && *p != '\n' && *p != '\0')
        p++;
    lines->at = p < lines->end ? p + 1 : p;
    lines->number++;
    if (p > start && p[-1] == '\r')
        p--;
    *ret_length = (size_t) (p - start);
    return start;
}

static bool is_comment(const char *line, size_t length)
{
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    return length > 0 && (*line == '#' || *line == ';');
}

/* Where a logical line is put together: grows by doubling, since a file may be one long line in small pieces. */
struct joined {
    char *text;
    size_t length, room;
};

static void join(struct joined *joined, const char *piece, size_t length)
{
    if (joined->length + length + 1 > joined->room) {
        joined->room = 2 * (joined->length + length + 1);
        joined->text = mem_resize(joined->text, joined->room);
    }
    memcpy(joined->text + joined->length, piece, length);
    joined->length += length;
    joined->text[joined->length] = '\0';
}

char *lines_next(struct lines *lines, unsigned *ret_number)
{
    struct joined joined = {0};
    const char *piece;
    size_t length;

    lines_done(lines);
    while ((piece = next_physical(lines, &length))) {
        if (is_comment(piece, length))
            continue;

        bool goes_on = length > 0 && piece[length - 1] == '\\';
        if (joined.length == 0)
            *ret_number = lines->number;
        join(&joined, piece, length - goes_on);
        if (goes_on) {
            join(&joined, " ", 1);
            continue;
        }
        if (*string_trim(joined.text))
            break;
        joined.length = 0;
    }
    lines->line = joined.text;
    if (!lines->line)
        return NULL;

    char *text = string_trim(lines->line);
    return *text ? text : NULL;
}

/* How many bytes follow one that begins a character; SIZE_MAX where none begins. */
static size_t follower_count(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xc2 || first > 0xf4)
        return SIZE_MAX;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/* Control characters of ASCII, and those of ISO 6429 that take a second byte in UTF-8; terminals obey both. */
static bool is_control(uint32_t c)
{
    return (c < ' ' && c != '\t') || (c >= 127 && c < 0xa0);
}

bool lines_is_text(const char *text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *) text;

    while (*p) {
        size_t more = follower_count(*p);

        if (more == SIZE_MAX)
            return false;
        uint32_t c = more ? *p & (0x3f >> more) : *p;
        p++;
        for (size_t i = 0; i < more; i++, p++) {
            if ((*p & 0xc0) != 0x80)
                return false;
            c = c << 6 | (*p & 0x3f);
        }
        /* shorter forms exist for what is below LEAST; surrogates are halves of characters, not characters */
        if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || is_control(c))
            return false;
    }
    return true;
}
