/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nft: requests to the kernel's packet filter, nf_tables, in its own words (linux/netfilter/nf_tables.h).
 *
 * A change is a batch: nft_begin(), requests, nft_commit(); the kernel does all of it or nothing. Rules are arrays of
 * struct nft_op, constant data in the form the kernel takes them in: registers that are loaded, compared, looked up,
 * and what is done then. What they are for is in rules_table.c.
 *
 * Written by hand since redd is one static program, with musl where that can be had: libmnl and libnftnl come as
 * libraries of the host's C library only. What is used of the interface is this much.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netfilter/nf_tables.h>

#include "net/netlink.h"

/* Protocol families of tables. */
enum { NFT_INET = 1, NFT_IPV4 = 2, NFT_NETDEV = 5, NFT_BRIDGE = 7, NFT_IPV6 = 10 };

enum nft_op_kind {
    NFT_OP_META,                /* reg = meta key */
    NFT_OP_CT,                  /* reg = conntrack key */
    NFT_OP_PAYLOAD,             /* reg = size bytes at offset of base key */
    NFT_OP_FIB,                 /* reg = result key of a route lookup with flags */
    NFT_OP_MASK,                /* reg = reg & bytes */
    NFT_OP_EQUAL,               /* reg == bytes, else the rule is over */
    NFT_OP_UNEQUAL,
    NFT_OP_IN,                  /* what begins in reg is in the set */
    NFT_OP_NOT_IN,
    NFT_OP_MAP,                 /* to = what the map has for it; else the rule is over */
    NFT_OP_DNAT,                /* address in reg, port in to; family in key */
    NFT_OP_MASQUERADE,
    NFT_OP_VERDICT,             /* key: NF_ACCEPT or NF_DROP */
};

/* Registers are those of four bytes, from 8 on; a wider value takes several in a row. */
struct nft_op {
    uint8_t kind, reg, to, key;
    uint8_t offset, size, flags;
    const char *set;
    uint8_t bytes[16];          /* size of them */
};

struct nft_rule {
    const char *chain;
    const struct nft_op *ops;
    uint8_t n_ops;
};

/* A chain of the kernel's own hooks; policy accept. */
struct nft_chain {
    const char *name, *type;
    uint32_t hook;
    int32_t priority;
};

/* A set, or a map where data_size is not 0. Types are those that nft(8) prints by. */
struct nft_set {
    const char *name;
    uint32_t key_type, key_size;
    uint32_t data_type, data_size;
    bool is_interval;           /* of concatenations, each field with a range */
    uint8_t field[4];           /* then: their sizes */
    const uint8_t *note;        /* for nft(8): how to print what no type tells of; NULL: nothing */
    uint16_t note_size;
};

struct nft_table {
    uint8_t family;
    const char *name;
    const struct nft_set *sets;
    size_t n_sets;
    const struct nft_chain *chains;
    size_t n_chains;
    const struct nft_rule *rules;
    size_t n_rules;
};

/* A key of several fields, each at a multiple of four bytes. */
#define NFT_KEY_SIZE 64
struct nft_key {
    uint8_t size;
    uint8_t bytes[NFT_KEY_SIZE];
};
void nft_key_add(struct nft_key *key, const void *data, size_t size);
void nft_key_add_name(struct nft_key *key, const char *interface);
void nft_key_add_u8(struct nft_key *key, uint8_t value);
void nft_key_add_port(struct nft_key *key, uint16_t port);

struct nft_element {
    const char *set;
    struct nft_key key, end, data;      /* size 0: none */
    const char *comment;                /* or NULL */
};

/* -- a change -- */

void nft_begin(struct netlink_batch *batch);

/* 0, or the negative errno of the first request that could not be done; then none was. */
int nft_commit(struct netlink *netlink, struct netlink_batch *batch, struct netlink_remark *ret_remark);

/* The same while the caller goes on (netlink_commit_meanwhile()). */
void nft_commit_meanwhile(struct netlink *netlink, struct netlink_batch *batch, struct errand *errand);

/* The table with all that is in it. Where there is one of the name already the batch fails, with -EEXIST. */
void nft_add_table(struct netlink_batch *batch, const struct nft_table *table);
void nft_delete_table(struct netlink_batch *batch, uint8_t family, const char *table);

/* An element that is there already stays as it is, whatever its comment. */
void nft_add_element(struct netlink_batch *batch, uint8_t family, const char *table, const struct nft_element *element);
void nft_delete_element(struct netlink_batch *batch, uint8_t family, const char *table,
                        const struct nft_element *element);

/* A rule at the head of a chain, or at its end. */
void nft_add_rule(struct netlink_batch *batch, uint8_t family, const char *table, const struct nft_rule *rule,
                  bool at_head, const char *comment);
void nft_delete_rule(struct netlink_batch *batch, uint8_t family, const char *table, const char *chain,
                     uint64_t handle);

/* -- what is there -- */

/* 1: the table is there; 0: it is not; else a negative errno. */
int nft_has_table(struct netlink *netlink, uint8_t family, const char *table);

/* 1: a process keeps the table for itself, and nobody else can change it. */
int nft_table_is_owned(struct netlink *netlink, uint8_t family, const char *table);

/* Calls EACH for every element. -ENOENT where there is no such set. */
typedef void nft_element_fn(const struct nft_element *element, void *data);
int nft_each_element(struct netlink *netlink, uint8_t family, const char *table, const char *set, nft_element_fn *each,
                     void *data);

struct nft_chain_seen {
    uint8_t family;
    const char *table, *name, *type;
    uint32_t hook;              /* of base chains alone */
    int32_t priority;
    bool is_base, drops;        /* drops: its policy */
};
typedef void nft_chain_fn(const struct nft_chain_seen *chain, void *data);
int nft_each_chain(struct netlink *netlink, nft_chain_fn *each, void *data);

struct nft_rule_seen {
    uint8_t family;
    const char *table, *chain;
    uint64_t handle;
    char comment[96];           /* "" for none */
    bool refuses_all;           /* drop or reject, without a condition */
};
typedef void nft_rule_fn(const struct nft_rule_seen *rule, void *data);
int nft_each_rule(struct netlink *netlink, uint8_t family, const char *table, const char *chain, nft_rule_fn *each,
                  void *data);
