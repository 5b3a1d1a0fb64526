/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scanner of typed bytes. Input: one line with a value of --console-escape= (unusable: the default), then what is
 * typed. However it is cut into reads, the outcome is the same; nothing is invented, and little is swallowed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inside/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

/* Filters a copy of TYPED in pieces of up to PIECE bytes; the bytes typed at one time are the same for every PIECE. */
static size_t filter(struct escape escape, const char *typed, size_t n, size_t piece, char *ret,
                     enum console_event *ret_event)
{
    enum { GROUP = 6 };
    size_t kept = 0;

    *ret_event = CONSOLE_NOTHING;
    for (size_t i = 0; i < n;) {
        size_t group_left = GROUP - i % GROUP, length = piece < group_left ? piece : group_left;
        enum console_event event;

        if (length > n - i)
            length = n - i;
        (void) memcpy(ret + kept, typed + i, length);
        kept += escape_filter(&escape, ret + kept, length, (int64_t) (i / GROUP) * 300, &event);
        check(kept <= i + length);
        if (event > *ret_event)
            *ret_event = event;
        i += length;
    }
    return kept;
}

static void check_is_subsequence(const char *part, size_t n_part, const char *whole, size_t n_whole)
{
    size_t found = 0;

    for (size_t i = 0; i < n_whole && found < n_part; i++)
        found += part[found] == whole[i];
    check(found == n_part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_error struct error *ignored = NULL;
    const uint8_t *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t n_line = line_end ? (size_t) (line_end - data) : 0;
    auto_free char *line = mem_copy_bytes(data, n_line);
    const char *typed = (const char *) data + (line_end ? n_line + 1 : 0);
    size_t n = size - (line_end ? n_line + 1 : 0);
    struct escape escape;

    if (escape_parse(line, &escape, &ignored) < 0)
        check(escape_parse(NULL, &escape, &(struct error *) {NULL}) == 0);

    auto_free char *whole = mem_alloc(n + 1);
    auto_free char *pieces = mem_alloc(n + 1);
    enum console_event event, same_event;
    size_t kept = filter(escape, typed, n, SIZE_MAX, whole, &event);

    check_is_subsequence(whole, kept, typed, n);
    for (size_t piece = 1; piece < 4; piece++) {
        check(filter(escape, typed, n, piece, pieces, &same_event) == kept);
        check(memcmp(whole, pieces, kept) == 0);
        check(same_event == event);
    }
    /* Each event and each doubled mark takes one byte, and two others have to stand before it. */
    check(event == CONSOLE_NOTHING || kept < n);
    check(n - kept <= (n + 1) / 2);
    return 0;
}
