/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * limits: what a payload may use of the host: at its start from [Resources] of its settings, and live, as somebody asks
 * for it over the control socket. Where a service manager owns the payload's group, it is the one to be asked.
 */
#pragma once

#include "base/error.h"

struct run;

/* Sets NAME=VALUE for the payload that runs; it stays over a reboot of the machine. */
int limits_set(struct run *run, const char *assignment, struct error **err);

/* Those that were set so, for the payload of another boot. What goes wrong is a warning. */
void limits_restore(struct run *run);
