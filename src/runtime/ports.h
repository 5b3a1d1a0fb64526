/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ports: a machine's port forwards, from before its first start to its end.
 *
 * The packet filter sends connections on (net/rules.h). Beside that a socket of the supervisor's listens on each port
 * of the host's: so nobody else takes it, ss(8) shows it, and what the packet filter cannot send on, the host's own
 * ::1, is passed on by hand (port_proxy.h).
 *
 * Over the control socket:
 *     ports                               ok  PORT=SPEC …
 *     port-add    PORT=SPEC               ok
 *     port-remove PORT=SPEC               ok
 */
#pragma once

#include "config/spec.h"

struct run;

/* What is forwarded now. */
const struct port_forward *ports_list(const struct run *run, size_t *ret_count);

/* Says so where the machine has no address that they could lead to. */
void ports_check(const struct run *run);

/* The payload runs: begins to pass on and to answer. */
void ports_start(struct run *run);

/* The machine has other addresses now. */
void ports_follow(struct run *run);

/* Between two boots nobody answers. */
void ports_stop(struct run *run);
