/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * terminal: the caller's terminal as the supervisor borrows it: made raw, its size followed, given back as it was.
 */
#pragma once

#include <stdbool.h>
#include <termios.h>

#include "base/error.h"

/* All zero: nothing borrowed. */
struct terminal {
    int fd;                     /* borrowed */
    bool is_borrowed;
    struct termios saved, ours;
};

enum terminal_part {
    TERMINAL_BOTH,              /* every byte passes untouched in both directions, no signals are made from keys */
    TERMINAL_OUTPUT,            /* only what is printed passes untouched */
};

/* Remembers the settings of FD and changes them. A caller in the background is stopped by SIGTTOU here, as usual,
 * unless it blocks that signal. */
int terminal_make_raw(struct terminal *terminal, int fd, enum terminal_part part, struct error **err);

/* Makes it raw once more with the same settings, after a shell had it in between (SIGCONT). */
void terminal_make_raw_again(const struct terminal *terminal);

/* Gives the remembered settings back, from the background too. Does nothing the second time. */
void terminal_restore(struct terminal *terminal);

bool terminal_is_utf8(const struct terminal *terminal);

/* Gives the size of the terminal FROM_FD to TO_FD; whoever runs there gets SIGWINCH if it differs. FROM_FD may be -1:
 * then 80 columns and 24 lines, what programs assume anyhow but some only where it is said. */
void terminal_copy_size(int from_fd, int to_fd);

/* SGR is the inside of an escape sequence that sets a colour ("44", "48;2;0;0;40"): at most TERMINAL_COLOUR_LENGTH
 * digits and semicolons. NULL and "" mean none and are valid. */
enum { TERMINAL_COLOUR_LENGTH = 32 };
int terminal_colour_check(const char *sgr, struct error **err);
