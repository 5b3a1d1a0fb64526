/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session: a program in a machine, and the caller who waits for it.
 *
 * Without a terminal the program has the caller's three streams themselves: what goes through them is nobody's
 * business. A stream that is a terminal is not handed over, since root inside could type into it: a pipe stands for it.
 * With a terminal (out of the machine's own devpts) keys, output and window size are carried, as for a console.
 *
 * SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on.
 */
#pragma once

#include <stdbool.h>

#include "enter/entry.h"

struct session {
    struct entry entry;         /* its descriptors are filled in here */
    bool has_terminal;
    bool by_manager;            /* with a terminal: a session of the machine's systemd, where it makes one */
    bool meets_securetty;       /* with a terminal: one at which root may log in (enter/securetty.h) */
    bool tells;                 /* say on stderr when a session with a terminal begins and ends */
    /* Called where every shell is missing; puts another program into the entry. May be NULL. */
    int (*find_shell)(struct entry *entry, struct error **err);
};

/* Runs it to its end. *ret_status is that of the program, 128 + N when signal N ended it; on failure what entry_start()
 * says. */
int session_run(struct session *session, int *ret_status, struct error **err);
