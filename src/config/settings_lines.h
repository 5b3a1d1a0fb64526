/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings_lines: the text of a .nspawn file as logical lines: comments and blank lines left out, lines that end in a
 * backslash joined with the next (comments in between do not count), blanks at both ends cut.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct lines {
    const char *at, *end;
    unsigned number;
    char *line;                 /* the one lines_next() gave */
};

void lines_init(struct lines *lines, const char *text, size_t size);
void lines_done(struct lines *lines);

/* The next line, which may be written to and is good until the next call; NULL at the end. *ret_number is where it
 * begins, from 1. A NUL ends a line as a newline does. */
char *lines_next(struct lines *lines, unsigned *ret_number);

/* Well-formed UTF-8, and no control characters but tabs: what is quoted in a remark must not speak to the terminal. */
bool lines_is_text(const char *text);
