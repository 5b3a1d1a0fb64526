/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stub_init: the PID 1 of a container whose command is not an init itself (--as-pid2).
 *
 * Starts the command as PID 2, in a session of its own with the console as controlling terminal, reaps everything that
 * ends up with PID 1, and answers the signals a full init would:
 *
 *   PID 2 exits with N                      exits with N
 *   PID 2 dies of a signal                  exits with 255
 *   SIGRTMIN+3, +4, +13, +14                shuts down: power-off
 *   SIGINT, SIGRTMIN+5, +6, +15, +16        shuts down: reboot
 *   everything else                         nothing
 *
 * Shutting down is SIGHUP, SIGTERM, SIGCONT to all, a bounded wait for their end, SIGKILL, sync(2), and reboot(2),
 * which in a PID namespace ends only the namespace and tells the supervisor which of the two it was.
 * The numbers are those systemd uses on Linux, where SIGRTMIN is 34; a C library may reserve more (musl: 35).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct stub_init {
    /* Becomes the command: confines itself and calls execve(2). Returns only on failure, with an exit status; telling
     * the supervisor why is its task, over a descriptor it has in DATA. That one has to be close-on-exec. */
    int (*exec_payload)(void *data);
    void *data;
    char *title;                /* memory of argv[0]: becomes "(sd-stubinit)", the rest zero … */
    size_t title_size;          /* … up to here: argv, and the environment behind it if that should be wiped too */
    unsigned stop_timeout_ms;   /* how long SIGTERM is given; 0: ten seconds */
};

/* The life of PID 1, to be called by it when everything else is set up, with its terminal, if any, as descriptor 0 and
 * not yet anybody's controlling one, and with no signal handler installed. It leaves the caller's session; once PID 2
 * has been started, every descriptor is closed. Sets *ret_status to the status to exit with; that PID 2 could not even
 * be forked is an error, with all descriptors still open. May not return at all: a shutdown ends in the kernel. */
int stub_init_run(const struct stub_init *stub, int *ret_status, struct error **err);
