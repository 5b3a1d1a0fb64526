/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * foreign: chains of other programs (a firewall, Docker, the administrator) that would let nothing of a machine's pass.
 *
 * In nf_tables a packet goes through the chains of all tables, and the first drop is final: no table of ours can
 * overrule another's. So where a chain of another table lets nothing through that it does not know, by its policy or by
 * its last rule, a rule for the machine's interface is put at its head, with the comment "redd:NAME", by which it is
 * removed again. Who may connect to the machine is then decided in our own table, whose chains "pass" and "reach" stay
 * as closed as the host was: answers, forwards, and what a network needs (closed_pass, closed_in).
 *
 * A bridge of somebody else is not opened as a whole: the rules there are about the machine's addresses, and so is what
 * keeps closed in our own table (closed4, closed6).
 *
 * What cannot be opened is remarked on: tables that another process keeps for itself, and those of iptables-legacy, of
 * which nf_tables knows nothing.
 */
#pragma once

#include "net/address_plan.h"
#include "net/nft.h"

/* Adds to BATCH what opens the host's chains for MACHINE. 0 or a negative errno. */
int foreign_open(struct netlink *filter, struct netlink_batch *batch, const char *machine,
                 const struct address_plan *plan);

/* Adds to BATCH what takes that back. */
int foreign_close(struct netlink *filter, struct netlink_batch *batch, const char *machine);

/* Says it, with its code and what helps, to whoever starts the machine: which goes on. */
void foreign_remark(const struct error *err);
