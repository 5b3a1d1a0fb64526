/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* port_socket: a port of the host's, taken by a socket; and who has taken one already. */
#pragma once

#include "config/spec.h"

/* Listens on the port OFFSET behind the first of PORT, for IPv4 and IPv6 where no address is given. -EADDRINUSE names
 * who has it: a process, or a machine of ours. */
int port_socket_open(const struct port_forward *port, unsigned offset, int *ret_fd, struct error **err);
