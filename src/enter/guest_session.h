/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest_session: a session that the machine's own service manager makes: a transient unit whose process has passed
 * PAM, with a control group of its own, known to logind and in utmp where the machine has those.
 *
 * systemd-run(1) of the machine asks for it, started by entry_start() with nothing of the session's: the unit opens the
 * terminal by its path. It waits, so its end is the session's; how that ended it says on its standard error. All of
 * that is the machine's word, which decides about nothing but the exit status.
 */
#pragma once

#include <stdbool.h>

#include "enter/entry.h"

struct guest_session {
    const struct guest *guest;
    struct strings words;       /* the command line of systemd-run, ended by NULL */
    int said_fd, said_peer_fd;  /* a pipe for what it says */
};

#define GUEST_SESSION_EMPTY {.said_fd = -1, .said_peer_fd = -1}
void guest_session_done(struct guest_session *session);

/* Fills in RET for ASKED at the terminal MASTER_FD. False: the machine's first process is no systemd that would answer,
 * or has no bus, or ASKED is of a user that the machine's files do not know. */
bool guest_session_prepare(const struct entry *asked, int master_fd, struct guest_session *ret);

/* Starts what asks for it; as entry_start(). */
int guest_session_start(struct guest_session *session, struct entered *ret, int *ret_status, struct error **err);

/* When that has ended with *STATUS: false when there was no session, for want of an answer. Otherwise *STATUS
 * is changed to what the session's program ended with. */
bool guest_session_judge(struct guest_session *session, int *status);

/* The words of systemd-run about an end, read: 128 + N where signal N ended the program, STATUS where it exited, -1
 * where no program ran. For tests. */
int guest_session_read_end(const char *text, int status);
