/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * securetty: root may log in at the terminals that /etc/securetty names, where a machine has that file and a login that
 * reads it. The terminal of `redd login` is a new one each time. So for as long as a login lasts, a copy of the file
 * that names this terminal, too, covers it in the machine. The machine's own file is not touched.
 */
#pragma once

#include "base/error.h"

struct guest;

struct securetty {
    const struct guest *guest;
    int file_fd;                /* the copy; -1: none is shown */
};

#define SECURETTY_EMPTY {.file_fd = -1}

/* Shows the copy with the terminal MASTER_FD in it. Nothing to do, and 0, where the machine has no such file or that
 * names the terminal. */
int securetty_show(struct securetty *securetty, const struct guest *guest, int master_fd, struct error **err);

/* Takes it away, unless somebody has covered it meanwhile. */
void securetty_hide(struct securetty *securetty);
