/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * escape: the keys with which the person at the console speaks to the supervisor instead of to the container.
 *
 * Two kinds, both found by memchr() in what is typed, never in what is printed:
 *
 *   hot key      KEY KEY KEY   kills         all within one second; KEY is Ctrl-] unless configured
 *                KEY KEY r     reboots
 *                KEY KEY p     powers off
 *   line escape  MARK FINISH   kills         only at the start of a line, that is: as the first byte of the session or
 *                MARK R        reboots       behind CR or LF; no time limit, as in ssh(1). For keyboards on which
 *                MARK P        powers off    Ctrl-] cannot be typed. Off unless configured.
 *                MARK MARK     types one MARK
 *
 * Nothing is held back: a KEY or MARK goes to the container at once, and only the byte that completes an escape is
 * swallowed. So no timer is needed, and what turns out to be no escape has already arrived unchanged.
 *
 * Grammar of --console-escape= (ASCII, no blanks):
 *
 *   VALUE  = "none" | ITEM | ITEM "," ITEM      at most one item of each kind; "none": no escapes at all
 *   ITEM   = HOTKEY | LINE
 *   HOTKEY = "^" X                              X: A-Z or a-z (not J, M), one of [ \ ] ^ _ ?; replaces Ctrl-]
 *   LINE   = MARK FINISH                        MARK: a punctuation character but "^" and ","; FINISH: a printable
 *                                               character but blank, ",", "R", "P" and MARK itself
 *
 * Examples: "~." (Ctrl-] and ~. both work), "^A", "^A,%q", "none".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What the console asks of the supervisor, the weightiest last. */
enum console_event {
    CONSOLE_NOTHING,
    CONSOLE_HANGUP,             /* the caller's end is gone: nobody sees the output any more */
    CONSOLE_REBOOT,
    CONSOLE_POWEROFF,
    CONSOLE_KILL,
};

struct escape {
    uint8_t key;                /* 0: no hot key */
    uint8_t mark, finish;       /* 0: no line escape */

    uint8_t n_keys;             /* how many of the last bytes were KEY: 0, 1 or 2 */
    bool at_line_start;
    bool after_mark;            /* the last byte was a MARK at the start of a line */
    int64_t key_ms[2];          /* when those KEYs came, the older first */
};

/* Reads the value of --console-escape=; NULL stands for the default. *ret is ready for escape_filter(). */
int escape_parse(const char *text, struct escape *ret, struct error **err);

/* Takes the escapes out of what was typed at NOW_MS (any monotonic clock). Returns how many of BYTES are left for the
 * container, in place; *ret_event is the weightiest escape found. */
size_t escape_filter(struct escape *escape, char *bytes, size_t n, int64_t now_ms, enum console_event *ret_event);

/* The lines that tell people about their escapes, each with its newline; "" when there are none. BUFFER holds at
 * least ESCAPE_BANNER_SIZE bytes. Returns the length. */
enum { ESCAPE_BANNER_SIZE = 320 };
size_t escape_banner(const struct escape *escape, char buffer[ESCAPE_BANNER_SIZE]);
