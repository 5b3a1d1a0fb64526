/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port_parse: port forwards as text.
 *
 *     [tcp:|udp:][ADDRESS:]HOSTPORT[-LAST][:CONTAINERPORT[-LAST]]
 *     [tcp:|udp:][ADDRESS:]HOSTPORT[-LAST]:CONTAINERPORT[-LAST]:in
 *
 * The second one leads the other way: a service of the host's own is reachable in the container. An IPv6 address
 * stands in brackets.
 */
#pragma once

#include "base/error.h"
#include "config/spec.h"

/* Ports of one forward at most: each has a socket of its own that keeps it from others. */
#define PORT_RANGE_MAX 512

/* -EINVAL or -ERANGE with the reason; tcp and the host's port are the defaults. */
int port_parse(const char *text, struct port_forward *ret, struct error **err);

/* As port_parse() reads it, with protocol and both ports. */
#define PORT_TEXT_SIZE 96
const char *port_format(const struct port_forward *port, char ret[PORT_TEXT_SIZE]);

/* The same ports, whatever the address. */
bool port_equal(const struct port_forward *a, const struct port_forward *b);

/* Both want a port of the host's for themselves; for inward ones: a port that the container sees. */
bool port_collides(const struct port_forward *a, const struct port_forward *b);
