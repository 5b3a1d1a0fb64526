/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * status_line: "redd stop web: 3 s" on the terminal, for verbs that can take long and say nothing meanwhile. It comes
 * after a second, counts, and is gone when the verb is over. Who is no terminal, or wants quiet, has none.
 */
#pragma once

#include <sys/types.h>

/* The process that writes it, and the way to end it. */
struct status_line {
    pid_t pid;                  /* 0: there is none */
    int end_fd;
};

/* TEXT is what goes on. What is written to standard output is kept back until the line is gone. */
struct status_line status_line_open(const char *text);

void status_line_close(struct status_line *line);
