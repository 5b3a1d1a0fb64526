/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_table: the two tables of the packet filter that are redd's, as constant data.
 *
 * Rules are the same for all machines: what differs is in sets, one lookup for any number of machines, and a machine
 * comes and goes by its elements alone. Which interfaces the rules are about is said by the interfaces themselves, by
 * their group (ip-link(8)), so nothing has to be kept in step when a zone's bridge comes or goes.
 * What the tables look like never changes while redd runs somewhere: another layout needs another name.
 *
 * Read them with 'nft list table inet redd' and 'nft list table bridge redd'; docs/network.md has the tour.
 */
#pragma once

#include "net/nft.h"

#define RULES_TABLE "redd"

/* Groups of interfaces. Managed ones have a network of ours behind them, which the outside sees as the host. */
#define RULES_GROUP_MANAGED 0x72656464u         /* "redd" */
#define RULES_GROUP_PLAIN   0x72656465u
#define RULES_GROUP_PORT    0x72656466u         /* machines' ends in a zone's bridge */

extern const struct nft_table rules_inet;       /* addresses: NAT, forwards, who may reach whom */
extern const struct nft_table rules_bridge;     /* within a zone: who is who, who may reach whom */
