/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init_kind: what a machine's first process understands. Each init has words of its own for "power off"; a process
 * that is none may listen to a signal or to nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum init_kind {
    INIT_NONE,                  /* listens to nothing we could say */
    INIT_EARLY,                 /* a known init that does not listen yet: the kernel would drop the signal */
    INIT_SIGNAL,                /* some program that catches a signal for it */
    INIT_SYSTEMD,
    INIT_STUB,                  /* redd's own, or that of systemd-nspawn */
    INIT_BUSYBOX,
    INIT_SYSV,
    INIT_OPENRC,
    INIT_RUNIT,
    INIT_S6,
    INIT_DINIT,
};

enum init_wish { INIT_POWER_OFF, INIT_REBOOT };

/* What is known of a process: names of its program and of itself, the signals it catches or blocks, signal N being bit
 * N - 1, and whether it is in sigtimedwait(2): which signals it waits for there is nowhere to be seen. */
struct init_traits {
    const char *program, *name;
    uint64_t signals;
    bool waits;
};

/* What to send for WISH; 0: nothing of use. For INIT_SYSV and INIT_RUNIT a file belongs to it. */
enum init_kind init_judge(const struct init_traits *traits, enum init_wish wish, int *ret_signal);

/* Asks the process LEADER behind PIDFD. INIT_NONE, INIT_EARLY: it was not asked, since it would not hear. No event
 * tells when it would; who wants to wait asks again every INIT_AGAIN_MS, for INIT_PATIENCE_MS. */
enum { INIT_AGAIN_MS = 50, INIT_PATIENCE_MS = 10000 };
enum init_kind init_ask(pid_t leader, int pidfd, enum init_wish wish);

/* "systemd", …: for people. */
const char *init_kind_name(enum init_kind kind);
