/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking through the chains of others, and the rules at their heads. */
#include "net/foreign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/foreign_legacy.h"
#include "net/rules_table.h"

#define COMMENT_PREFIX "redd:"

struct chain {
    uint8_t family;
    uint32_t hook;
    bool drops;
    char *table, *name;
};

struct chains {
    struct chain *item;
    size_t count;
};

static void chains_done(struct chains *chains)
{
    for (size_t i = 0; i < chains->count; i++) {
        free(chains->item[i].table);
        free(chains->item[i].name);
    }
    free(chains->item);
}

/* Those that a packet of a machine's comes through and that may end it. */
static void note_chain(const struct nft_chain_seen *chain, void *data)
{
    struct chains *chains = data;

    if (!chain->is_base || strcmp(chain->table, RULES_TABLE) == 0 || strcmp(chain->type, "nat") == 0 ||
        (chain->family != NFT_INET && chain->family != NFT_IPV4 && chain->family != NFT_IPV6))
        return;
    MEM_GROW(chains->item, chains->count);
    chains->item[chains->count++] = (struct chain){
        .family = chain->family,
        .hook = chain->hook,
        .drops = chain->drops,
        .table = mem_copy_string(chain->table),
        .name = mem_copy_string(chain->name),
    };
}

static bool can_be_opened(const struct chain *chain)
{
    return chain->hook == NF_INET_FORWARD || chain->hook == NF_INET_LOCAL_IN;
}

static const char *family_name(uint8_t family)
{
    return family == NFT_INET ? "inet" : family == NFT_IPV4 ? "ip" : "ip6";
}

/* -- opening -- */

static void note_end(const struct nft_rule_seen *rule, void *data)
{
    bool *refuses_all = data;

    *refuses_all = rule->refuses_all;       /* the last one stands */
}

/* Who is let in: a machine behind an interface of ours, or by its addresses where the interface is not ours. */
struct guest {
    const struct address_plan *plan;
    char *comment;
    bool is_lodger;
};

/* The group of interfaces that SET is about: the host is closed for all of ours. */
static void mark_closed(struct netlink_batch *batch, const char *set)
{
    static const uint32_t groups[] = {RULES_GROUP_MANAGED, RULES_GROUP_PLAIN};

    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        struct nft_element element = {.set = set};

        nft_key_add(&element.key, &groups[i], sizeof groups[i]);
        nft_add_element(batch, NFT_INET, RULES_TABLE, &element);
    }
}

/* One end of a packet's way. */
struct side {
    uint8_t interface_key;
    uint8_t offset4, offset6;   /* of the address in its header */
};
static const struct side from = {NFT_META_IIFNAME, 12, 8}, to = {NFT_META_OIFNAME, 16, 24};

/* "iifname INTERFACE accept", in the words that iptables-nft(8) knows as well. For an ADDRESS: of that alone. */
static void add_rule(struct netlink_batch *batch, const struct chain *chain, const struct side *side,
                     const struct guest *guest, const struct ip_prefix *address)
{
    struct nft_op ops[7], *op = ops;

    *op++ = (struct nft_op){.kind = NFT_OP_META, .reg = 8, .key = side->interface_key};
    *op = (struct nft_op){.kind = NFT_OP_EQUAL, .reg = 8, .size = 16};
    (void) snprintf((char *) op->bytes, sizeof op->bytes, "%s", guest->plan->gate);
    op++;
    if (address && chain->family == NFT_INET) {
        *op++ = (struct nft_op){.kind = NFT_OP_META, .reg = 8, .key = NFT_META_NFPROTO};
        *op++ = (struct nft_op){.kind = NFT_OP_EQUAL, .reg = 8, .size = 1, .bytes = {address->family}};
    }
    if (address) {
        uint8_t size = (uint8_t) ip_family_bytes(address->family);

        *op++ = (struct nft_op){.kind = NFT_OP_PAYLOAD, .reg = 8, .key = NFT_PAYLOAD_NETWORK_HEADER, .size = size,
                                .offset = address->family == AF_INET ? side->offset4 : side->offset6};
        *op = (struct nft_op){.kind = NFT_OP_EQUAL, .reg = 8, .size = size};
        memcpy(op->bytes, address->byte, size);
        op++;
    }
    *op++ = (struct nft_op){.kind = NFT_OP_VERDICT, .key = NF_ACCEPT};

    const struct nft_rule rule = {chain->name, ops, (size_t) (op - ops)};
    nft_add_rule(batch, chain->family, chain->table, &rule, true, guest->comment);
}

/* The forwards to a machine on a bridge of somebody else, and what it says. */
static void open_for_lodger(struct netlink_batch *batch, const struct chain *chain, const struct guest *guest)
{
    struct ip_prefix address;

    for (unsigned position = 0; address_plan_next(guest->plan, &position, &address);) {
        struct nft_element element = {.set = address.family == AF_INET ? "closed4" : "closed6"};

        if ((chain->family == NFT_IPV4 && address.family != AF_INET) ||
            (chain->family == NFT_IPV6 && address.family != AF_INET6))
            continue;
        add_rule(batch, chain, &from, guest, &address);
        add_rule(batch, chain, &to, guest, &address);
        nft_key_add(&element.key, address.byte, ip_family_bytes(address.family));
        element.comment = guest->comment + strlen(COMMENT_PREFIX);
        nft_add_element(batch, NFT_INET, RULES_TABLE, &element);
    }
}

static void open_for_ours(struct netlink_batch *batch, const struct chain *chain, const struct guest *guest)
{
    add_rule(batch, chain, &from, guest, NULL);
    if (chain->hook == NF_INET_FORWARD)
        add_rule(batch, chain, &to, guest, NULL);
    mark_closed(batch, chain->hook == NF_INET_FORWARD ? "closed_pass" : "closed_in");
}

void foreign_remark(const struct error *err)
{
    log_warning("%s [%s]", error_text(err), error_id(err));
    log_warning("hint: %s", error_hint(err));
}

static void remark_on_owned(const struct chain *chain)
{
    auto_error struct error *err = NULL;

    (void) fail_plain(&err, EPERM, "the chain '%s %s %s' lets nothing through that it does not know, and another "
                                   "program keeps its table for itself",
                      family_name(chain->family), chain->table, chain->name);
    fail_id(err, "R2851");
    fail_hint(err, "with firewalld: 'firewall-cmd --zone=trusted --add-interface=' and the machine's interface; with "
                   "others, what lets an interface through");
    foreign_remark(err);
}

static void remark_on_place(const struct chain *chain)
{
    auto_error struct error *err = NULL;

    (void) fail_plain(&err, EPERM, "the chain '%s %s %s' lets nothing through that it does not know, at a place where "
                                   "redd opens none",
                      family_name(chain->family), chain->table, chain->name);
    fail_id(err, "R2853");
    fail_hint(err, "let it accept what comes from and goes to the machine's interface, or drop in a chain of the hook "
                   "'forward' or 'input' instead");
    foreign_remark(err);
}

static int open_chain(struct netlink *filter, struct netlink_batch *batch, const struct chain *chain,
                      const struct guest *guest)
{
    bool closed = chain->drops;
    int r = closed ? 0 : nft_each_rule(filter, chain->family, chain->table, chain->name, note_end, &closed);

    /* nothing of a machine on a bridge of somebody else is the host's own */
    if (r < 0 || !closed || (guest->is_lodger && chain->hook == NF_INET_LOCAL_IN))
        return r == -ENOENT ? 0 : r;
    if (!can_be_opened(chain)) {
        if (chain->hook == NF_INET_PRE_ROUTING || chain->hook == NF_INET_POST_ROUTING)
            remark_on_place(chain);
        return 0;
    }
    r = nft_table_is_owned(filter, chain->family, chain->table);
    if (r < 0)
        return r;
    if (r > 0) {
        remark_on_owned(chain);
        return 0;
    }
    if (guest->is_lodger)
        open_for_lodger(batch, chain, guest);
    else
        open_for_ours(batch, chain, guest);
    return 0;
}

int foreign_open(struct netlink *filter, struct netlink_batch *batch, const char *machine,
                 const struct address_plan *plan)
{
    CLEANUP(chains_done) struct chains chains = {0};
    auto_free char *comment = mem_format(COMMENT_PREFIX "%s", machine);
    const struct guest guest = {.plan = plan, .comment = comment, .is_lodger = !plan->router[0]};
    int r = nft_each_chain(filter, note_chain, &chains);

    for (size_t i = 0; r == 0 && i < chains.count; i++)
        r = open_chain(filter, batch, &chains.item[i], &guest);
    if (r == 0)
        foreign_legacy_remark(plan->gate);
    return r;
}

/* -- closing -- */

struct closing {
    struct netlink_batch *batch;
    const char *comment;
};

static void close_rule(const struct nft_rule_seen *rule, void *data)
{
    const struct closing *closing = data;

    if (strcmp(rule->comment, closing->comment) == 0)
        nft_delete_rule(closing->batch, rule->family, rule->table, rule->chain, rule->handle);
}

int foreign_close(struct netlink *filter, struct netlink_batch *batch, const char *machine)
{
    CLEANUP(chains_done) struct chains chains = {0};
    auto_free char *comment = mem_format(COMMENT_PREFIX "%s", machine);
    struct closing closing = {.batch = batch, .comment = comment};
    int r = nft_each_chain(filter, note_chain, &chains);

    for (size_t i = 0; r == 0 && i < chains.count; i++)
        if (can_be_opened(&chains.item[i]))
            r = nft_each_rule(filter, chains.item[i].family, chains.item[i].table, chains.item[i].name, close_rule,
                              &closing);
    return r;
}
