/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock_lines: what was pulled, from where, exactly: one line for each pull, so that it can be pulled once more as it
 * was, on this host or another.
 *
 *     NAME VERB SOURCE sha256:HEX KEY TIME
 *
 * The words are parted by tabs. The file is /var/lib/redd/pulled.lock, a user's own below ~/.local/state/redd, or
 * the one --lock-file= names. The last line of a name counts.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "transfer/request.h"

struct lock_line {
    const char *name, *verb, *source, *sum, *key;
};

/* Adds a line, by one write. */
int lock_lines_add(const struct request *request, const struct lock_line *line, struct error **err);

struct locked {
    char *text;                 /* LINE points into it */
    struct lock_line line;
};

/* The last line for NAME. R5120: there is none, R5121: it is no line. */
int lock_lines_find(const struct request *request, const char *name, struct locked *ret, struct error **err);
void locked_done(struct locked *locked);

/* The same in TEXT, which is cut up: 1 found, 0 not, -EBADMSG. */
int lock_lines_find_in(char *text, const char *name, struct lock_line *ret);
