/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

static void fill(sigset_t *signals)
{
    (void) sigemptyset(signals);
    (void) sigaddset(signals, SIGINT);
    (void) sigaddset(signals, SIGTERM);
    (void) sigaddset(signals, SIGHUP);
}

void interrupt_unblock(void)
{
    sigset_t signals;

    fill(&signals);
    (void) sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

int interrupt_open(void)
{
    sigset_t signals;

    fill(&signals);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd >= 0)
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
    return fd;
}
