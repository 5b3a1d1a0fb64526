/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules: what the packet filter does for one machine: NAT, forwards, who may reach it, and that it is who it says.
 *
 * The tables (rules_table.h) are made with the first machine and go with the last one. A change is one transaction of
 * the kernel's, made under the lock of the zones, so that none sees half of another's. Everything of a machine's has
 * its name as a comment, and that is how it is found again, by whoever cleans up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"
#include "config/spec.h"
#include "net/address_plan.h"
#include "net/netlink.h"

/* Another machine that is allowed to speak with this one. It need not be there. */
struct rules_peer {
    struct mac mac;
    char port[INTERFACE_NAME_SIZE];     /* its end in a zone's bridge, if it has one */
    const char *name;
};

struct rules_machine {
    const char *name;
    const struct address_plan *plan;
    bool is_isolated;                   /* speaks with PEERS and CLIENTS alone, of other machines */
    bool is_guarded;                    /* hears from them alone */
    const struct rules_peer *peers;
    size_t n_peers;
    const struct ip_prefix *clients;
    size_t n_clients;
    const struct port_forward *ports;
    size_t n_ports;
};

/* A first machine's start: the kernel needs about a millisecond for the table, since it changes its own code where a
 * hook is used for the first time. Begun early that goes by meanwhile. No lock is taken, and nothing said of failures:
 * rules_add() does what is missing. It goes like the rest, with the last machine (rules_remove()). */
struct rules_beginning;
struct rules_beginning *rules_begin(void);

/* Until that is done; to be called before the rules are added or removed. Accepts NULL. */
void rules_await(struct rules_beginning *beginning);

/* Adds all that MACHINE needs, under the lock of the zones (zone.h); NETLINK (of links) is for the groups of its
 * interfaces. What is closed elsewhere is opened for it and remarked on (foreign.h). */
int rules_add(struct netlink *netlink, const struct rules_machine *machine, struct error **err);

/* Removes all that is of the machine NAME's. One that has nothing is success. */
int rules_remove(const char *name, struct error **err);

/* Changes the forward PORT of a machine that is there. What goes through others is not touched. */
int rules_add_port(const char *name, const struct address_plan *plan, const struct port_forward *port,
                   struct error **err);
int rules_remove_port(const char *name, const struct address_plan *plan, const struct port_forward *port,
                      struct error **err);

/* The machine that a port of the host's is forwarded to. False: none. */
bool rules_find_port(bool udp, uint16_t number, char ret_machine[MACHINE_NAME_MAX + 1]);

/* "packet-filter NAME". Recorded before rules_begin() and rules_add(). */
int undo_packet_filter(const struct strings *args, struct error **err);

#define UNDO_KINDS_RULES {"packet-filter", undo_packet_filter}
