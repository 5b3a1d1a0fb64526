/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * background: what a run does for a machine that nobody sits in front of: how it ends is written down, for `redd why`,
 * and its console log does not grow without end.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "runtime/run.h"

struct background {
    const char *name;           /* NULL: somebody sits in front of it */
    uint64_t logged;            /* bytes of console, up to the last look at the log's size */
};

/* From the environment and the words of the command line: `redd start` says so, and so does a unit of systemd's. */
void background_init(struct background *background, int argc, char **argv);

/* A run that never came to its payload. */
void background_failed(const struct background *background, const struct error *err);
/* The payload ended. */
void background_ended(const struct background *background, const struct run_ending *ending);
/* --cleanup behind a unit (ExecStopPost=) whose supervisor could not write that down, since it was killed; systemd says
 * how in the environment. Does nothing elsewhere. */
void background_died(const char *machine);
/* The console has said TOTAL bytes by now. */
void background_console_wrote(struct background *background, uint64_t total);
