/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * login: a login prompt at a terminal in a machine, by whatever asks for names and passwords there: agetty, busybox's
 * getty, or login itself. Whether systemd or a bus runs inside does not matter.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"

struct guest;

/* Runs the session to its end. TELLS: say on stderr that it begins and ends. */
int login_run(const struct guest *guest, const struct strings *environment, bool tells, int *ret_status,
              struct error **err);
