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

enum { LOGIN_WORDS_MAX = 6 };

struct login_program {
    int fd;                     /* of the program, O_PATH; the caller's */
    char *argv[LOGIN_WORDS_MAX + 1];    /* static, but for the terminal's type */
};

/* What asks at a terminal of type TERM (NULL: some plain one; kept). -ENOENT: the machine has no such program. */
int login_find(const struct guest *guest, const char *term, struct login_program *ret, struct error **err);

/* Runs the session to its end. TELLS: say on stderr that it begins and ends. */
int login_run(const struct guest *guest, const struct strings *environment, bool tells, int *ret_status,
              struct error **err);
