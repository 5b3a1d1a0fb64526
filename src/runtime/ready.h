/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ready: when a machine counts as ready, for whoever waits for it: as soon as its payload is started, when that says
 * so, when somebody in it listens on a port, or when a command in it ends well (ReadyWhen= in redd.nspawn(5)).
 *
 * No event tells of the latter two, so they are asked for again and again, at growing distances; it ends when it is so.
 */
#pragma once

#include <stdbool.h>

#include "config/spec.h"

struct run;
struct ready;

/* Nothing has to happen any more. */
bool ready_at_start(const struct spec *spec);

/* Begins to look, where that is what ReadyWhen= wants. */
void ready_start(struct run *run);

/* The payload ended. */
void ready_done(struct run *run);

/* Whether TEXT, the kernel's table of sockets (/proc/PID/net/tcp), has one that listens on PORT. */
bool ready_table_listens(const char *text, unsigned port);
