/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest_terminal: a pseudo terminal that exists inside a machine, made from outside. */
#pragma once

#include "base/error.h"

struct guest;

/* Both ends of a new pty of the machine's own devpts, as pty_open() gives them; it belongs to the machine's root, and
 * has the size of the caller's terminal. */
int guest_terminal_open(const struct guest *guest, int *ret_master_fd, int *ret_peer_fd, struct error **err);
