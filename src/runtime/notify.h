/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * notify: the sd_notify protocol on both sides of the supervisor: upwards to the service manager that started it
 * ($NOTIFY_SOCKET), downwards from the payload (/run/host/notify). See sd_notify(3) for the messages.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct run;

/* Sends TEXT (lines VARIABLE=VALUE) to the service manager, with FDS; nothing happens where there is none. */
void notify_host(const char *text, const int *fds, size_t n_fds);

/* The payload runs: says so, with the leader's pid; READY=1 too unless the payload is to say that itself. */
void notify_started(struct run *run);

/* The container is about to end, or has ended with STATUS. */
void notify_stopping(void);
void notify_ended(int status);

/* Reads what the payload sent. Messages of processes outside the container are dropped. READY=1 is passed on where
 * --notify-ready=yes, STATUS= with a prefix, FDSTORE= and its fds as they are. */
void notify_handle(struct run *run);
