/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entry: one process more inside a running machine (or on the host), as confined as those that are there.
 *
 * One clone(). The caller stays wholly outside, but for the pid namespace of its children; the new process joins the
 * payload's cgroup in the leaf "redd-exec", then all namespaces of the machine's PID 1 by one setns(2), changes to its
 * root, and confines itself like the payload (inside/confine.h). Until it execs, the two share their memory and never
 * run at once.
 *
 * It is in a session of its own, so that it can neither read nor type into the caller's terminal. While it has not yet
 * become the program it cannot be traced or looked into from a user namespace of the machine's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"
#include "enter/guest.h"

struct entry {
    const struct guest *guest;
    const char *user;           /* a name or number of the machine's accounts; NULL: root */
    char **argv;                /* NULL: the user's shell, as a login shell */
    int program_fd;             /* what to run instead of looking ARGV[0] up; -1: none */
    const struct strings *environment;  /* on top of the few variables that every user has */
    const char *working_directory;      /* absolute; NULL: the user's home where there is one */
    int fds[3];                 /* become 0, 1 and 2 */
    bool has_terminal;          /* fds[0] is a terminal of the machine's: becomes the session's, and the user's own */
    bool ends_with_caller;      /* is killed when the caller dies */
    uint64_t ignored_signals;   /* by the caller: confine_read_ignored_signals() */
};

struct entered {
    pid_t pid;                  /* child of the caller */
    int pidfd;
};

/* What a failed start counts as, where an exit status has to say: env(1) and its kin agree on these. */
enum { ENTRY_FAILED = 125, ENTRY_NOT_EXECUTABLE = 126, ENTRY_NOT_FOUND = 127 };

/* Starts the process; returns when it has become the program. On failure there is none (any more), and *ret_status is
 * one of the above. SIGCHLD must not be ignored. */
int entry_start(const struct entry *entry, struct entered *ret, int *ret_status, struct error **err);
