/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking through the chains of others, and the rules at their heads. */
#include "net/foreign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/foreign_legacy.h"
#include "net/rules_table.h"

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

/* "iifname INTERFACE accept", in the words that iptables-nft(8) knows as well. */
static void add_rule(struct netlink_batch *batch, const struct chain *chain, uint8_t key, const char *interface,
                     const char *comment)
{
    struct nft_op ops[] = {
        {.kind = NFT_OP_META, .reg = 8, .key = key},
        {.kind = NFT_OP_EQUAL, .reg = 8, .size = 16},
        {.kind = NFT_OP_VERDICT, .key = NF_ACCEPT},
    };
    const struct nft_rule rule = {chain->name, ops, COUNT_OF(ops)};

    (void) snprintf((char *) ops[1].bytes, sizeof ops[1].bytes, "%s", interface);
    nft_add_rule(batch, chain->family, chain->table, &rule, true, comment);
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
                      const char *interface, const char *comment)
{
    bool closed = chain->drops;
    int r = closed ? 0 : nft_each_rule(filter, chain->family, chain->table, chain->name, note_end, &closed);

    if (r < 0 || !closed)
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
    add_rule(batch, chain, NFT_META_IIFNAME, interface, comment);
    if (chain->hook == NF_INET_FORWARD)
        add_rule(batch, chain, NFT_META_OIFNAME, interface, comment);
    mark_closed(batch, chain->hook == NF_INET_FORWARD ? "closed_pass" : "closed_in");
    return 0;
}

int foreign_open(struct netlink *filter, struct netlink_batch *batch, const char *machine, const char *interface)
{
    CLEANUP(chains_done) struct chains chains = {0};
    auto_free char *comment = mem_format("redd:%s", machine);
    int r = nft_each_chain(filter, note_chain, &chains);

    for (size_t i = 0; r == 0 && i < chains.count; i++)
        r = open_chain(filter, batch, &chains.item[i], interface, comment);
    if (r == 0)
        foreign_legacy_remark(interface);
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
    auto_free char *comment = mem_format("redd:%s", machine);
    struct closing closing = {.batch = batch, .comment = comment};
    int r = nft_each_chain(filter, note_chain, &chains);

    for (size_t i = 0; r == 0 && i < chains.count; i++)
        if (can_be_opened(&chains.item[i]))
            r = nft_each_rule(filter, chains.item[i].family, chains.item[i].table, chains.item[i].name, close_rule,
                              &closing);
    return r;
}
