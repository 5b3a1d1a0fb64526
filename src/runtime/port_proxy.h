/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port_proxy: passes on by hand what comes to a forwarded port and is not sent on by the packet filter: connections
 * and datagrams to the host's own ::1, for which the kernel has no way out; those of a machine behind a bridge to
 * itself; and all of them where somebody has cleared the host's rules. The machine sees the host as its client then.
 *
 * Data of connections moves by splice(2), without being looked at. All of it happens in the supervisor's event loop, a
 * bounded amount at a time.
 */
#pragma once

#include <sys/socket.h>

#include "config/ip_prefix.h"
#include "runtime/event.h"

enum { PROXY_RELAYS_MAX = 64 };

struct relay;

/* All of a machine's. All zero: nothing is passed on. */
struct proxy {
    struct events *events;
    struct ip_prefix guest4, guest6;    /* where to; family 0: there is none */
    struct relay *first;
    size_t n_relays;
    struct proxy_port *ports;
};

/* A socket that waits for clients. */
struct proxy_port {
    struct proxy_port *next;
    struct event_source source;
    struct proxy *proxy;
    bool udp;
    uint16_t port;                      /* of the machine's */
};

/* Begins to watch FD, which listens (tcp) or is bound (udp) and stays the caller's. PORT stays where it is. */
void proxy_watch(struct proxy *proxy, struct proxy_port *port, int fd, bool udp, uint16_t guest_port);
void proxy_unwatch(struct proxy_port *port);

/* Ends what is being passed on. */
void proxy_done(struct proxy *proxy);
