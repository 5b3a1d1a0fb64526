/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * router_socket: a container's questions to whoever looks after its network: DHCP and router solicitations.
 *
 * They are heard on the host's end of its cable itself, before a bridge or a packet filter has a say (many filters drop
 * the port of DHCP): each supervisor hears its own container, and answers it alone. A filter in the kernel drops all
 * else, so other traffic wakes nobody.
 */
#pragma once

#include "base/error.h"

/* Does not block. To be opened before the container's first program runs. */
int router_socket_open(int link_index, int *ret_fd, struct error **err);
