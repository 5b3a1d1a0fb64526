/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * name_server: the resolver at the host's end of a managed cable, inside the supervisor.
 *
 * It answers for the machines of its zone by their names and addresses, from the folder of names (net/names.h), and
 * sends all other questions on to the host's own servers, also to one that listens on the host's loopback alone.
 *
 * Each supervisor hears its own guest's questions on the guest's own cable (net/udp_frame.h), so the supervisors of a
 * zone, which share one address, need not agree on anything, a packet filter of the host's is not in the way, and a
 * guest that floods keeps nobody busy but its own supervisor, and that one for a part of the time only. TCP, for long
 * answers, and questions of the host itself go to sockets that all the supervisors of a zone share the way the kernel
 * deals them out (SO_REUSEPORT); only members of the zone and the host are answered.
 * All is bounded: questions on their way, connections, their time, and how many are taken at once.
 */
#pragma once

#include "base/error.h"
#include "config/ip_prefix.h"
#include "net/mac.h"
#include "runtime/event.h"

struct name_server;

struct name_server_setup {
    int link_index;             /* of the guest's cable */
    struct mac router_mac;      /* of the interface that has the addresses */
    struct ip_prefix host4, host6;      /* addresses, with the networks they are in; family 0: none */
};

/* Listens, and gives the server, which runs as one of EVENTS' sources. The addresses need not be there yet. */
int name_server_start(const struct name_server_setup *setup, struct events *events, struct name_server **ret,
                      struct error **err);

/* Accepts NULL, returns NULL. */
struct name_server *name_server_stop(struct name_server *server);
