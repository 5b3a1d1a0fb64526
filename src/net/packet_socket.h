/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* packet_socket: hearing what comes in by one link, below addresses, bridges and packet filters. */
#pragma once

#include <stdbool.h>

#include <linux/filter.h>

#include "base/error.h"

/* A socket that gets whole Ethernet frames which come in by LINK_INDEX and pass PROGRAM, from the first one on. It does
 * not block. */
int packet_socket_open(int link_index, const struct sock_fprog *program, int *ret_fd, struct error **err);

/* Whether it also gets what others send by the link: recvfrom(2) tells them by PACKET_OUTGOING. */
int packet_socket_hear_outgoing(int fd, bool hears);
