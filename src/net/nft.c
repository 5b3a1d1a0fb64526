/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building what the packet filter is told. What it answers is read in nft_read.c. */
#include "net/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/mem.h"
#include "net/interface_name.h"

#define TYPE(message) ((uint16_t) (NFNL_SUBSYS_NFTABLES << 8 | (message)))

/* nft(8) keeps comments in what the kernel carries along unread: a type, a length, a text with its NUL. */
enum { COMMENT_OF_RULE = 0, COMMENT_OF_ELEMENT = 0 };

/* -- keys -- */

void nft_key_add(struct nft_key *key, const void *data, size_t size)
{
    memcpy(key->bytes + key->size, data, size);
    key->size = (uint8_t) (key->size + ((size + 3) & ~(size_t) 3));
}

void nft_key_add_name(struct nft_key *key, const char *interface)
{
    char name[16] = "";

    strncpy(name, interface, sizeof name - 1);
    nft_key_add(key, name, sizeof name);
}

void nft_key_add_u8(struct nft_key *key, uint8_t value)
{
    nft_key_add(key, &value, sizeof value);
}

void nft_key_add_port(struct nft_key *key, uint16_t port)
{
    uint16_t value = htons(port);

    nft_key_add(key, &value, sizeof value);
}

/* -- requests -- */

static void begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, uint8_t family)
{
    const struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};

    netlink_begin(batch, type, flags, &header, sizeof header);
}

static void mark_batch(struct netlink_batch *batch, uint16_t type)
{
    const struct nfgenmsg header = {.res_id = htons(NFNL_SUBSYS_NFTABLES)};

    netlink_begin(batch, type, 0, &header, sizeof header);
}

void nft_begin(struct netlink_batch *batch)
{
    netlink_batch_init_growing(batch);
    batch->is_silent = true;
    mark_batch(batch, NFNL_MSG_BATCH_BEGIN);
}

int nft_commit(struct netlink *netlink, struct netlink_batch *batch, struct netlink_remark *ret_remark)
{
    mark_batch(batch, NFNL_MSG_BATCH_END);
    return netlink_commit(netlink, batch, ret_remark);
}

void nft_commit_meanwhile(struct netlink *netlink, struct netlink_batch *batch, struct errand *errand)
{
    mark_batch(batch, NFNL_MSG_BATCH_END);
    netlink_commit_meanwhile(netlink, batch, errand);
}

static void put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
    netlink_put_u32(batch, type, htonl(value));
}

static size_t nest(struct netlink_batch *batch, uint16_t type)
{
    return netlink_nest(batch, type | NLA_F_NESTED);
}

/* A value inside an attribute of TYPE. */
static void put_value(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
    size_t value = nest(batch, type);

    netlink_put(batch, NFTA_DATA_VALUE, data, size);
    netlink_nest_end(batch, value);
}

static void put_comment(struct netlink_batch *batch, uint16_t type, uint8_t kind, const char *comment)
{
    uint8_t data[2 + 128] = {kind};
    size_t size = strnlen(comment, 127) + 1;

    data[1] = (uint8_t) size;
    memcpy(data + 2, comment, size - 1);
    netlink_put(batch, type, data, 2 + size);
}

/* -- expressions -- */

static void put_meta(struct netlink_batch *batch, const struct nft_op *op)
{
    put_u32(batch, NFTA_META_KEY, op->key);
    put_u32(batch, NFTA_META_DREG, op->reg);
}

static void put_ct(struct netlink_batch *batch, const struct nft_op *op)
{
    put_u32(batch, NFTA_CT_KEY, op->key);
    put_u32(batch, NFTA_CT_DREG, op->reg);
}

static void put_payload(struct netlink_batch *batch, const struct nft_op *op)
{
    put_u32(batch, NFTA_PAYLOAD_DREG, op->reg);
    put_u32(batch, NFTA_PAYLOAD_BASE, op->key);
    put_u32(batch, NFTA_PAYLOAD_OFFSET, op->offset);
    put_u32(batch, NFTA_PAYLOAD_LEN, op->size);
}

static void put_fib(struct netlink_batch *batch, const struct nft_op *op)
{
    put_u32(batch, NFTA_FIB_FLAGS, op->flags);
    put_u32(batch, NFTA_FIB_RESULT, op->key);
    put_u32(batch, NFTA_FIB_DREG, op->reg);
}

static void put_mask(struct netlink_batch *batch, const struct nft_op *op)
{
    static const uint8_t nothing[16];

    put_u32(batch, NFTA_BITWISE_SREG, op->reg);
    put_u32(batch, NFTA_BITWISE_DREG, op->reg);
    put_u32(batch, NFTA_BITWISE_LEN, op->size);
    put_value(batch, NFTA_BITWISE_MASK, op->bytes, op->size);
    put_value(batch, NFTA_BITWISE_XOR, nothing, op->size);
}

static void put_compare(struct netlink_batch *batch, const struct nft_op *op)
{
    put_u32(batch, NFTA_CMP_SREG, op->reg);
    put_u32(batch, NFTA_CMP_OP, op->kind == NFT_OP_EQUAL ? NFT_CMP_EQ : NFT_CMP_NEQ);
    put_value(batch, NFTA_CMP_DATA, op->bytes, op->size);
}

static void put_lookup(struct netlink_batch *batch, const struct nft_op *op)
{
    netlink_put_string(batch, NFTA_LOOKUP_SET, op->set);
    put_u32(batch, NFTA_LOOKUP_SREG, op->reg);
    if (op->kind == NFT_OP_MAP)
        put_u32(batch, NFTA_LOOKUP_DREG, op->to);
    if (op->kind == NFT_OP_NOT_IN)
        put_u32(batch, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void put_dnat(struct netlink_batch *batch, const struct nft_op *op)
{
    put_u32(batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
    put_u32(batch, NFTA_NAT_FAMILY, op->key);
    put_u32(batch, NFTA_NAT_REG_ADDR_MIN, op->reg);
    put_u32(batch, NFTA_NAT_REG_PROTO_MIN, op->to);
}

static void put_masquerade(struct netlink_batch *batch, const struct nft_op *op)
{
    (void) batch, (void) op;
}

static void put_verdict(struct netlink_batch *batch, const struct nft_op *op)
{
    put_u32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    size_t data = nest(batch, NFTA_IMMEDIATE_DATA);
    size_t verdict = nest(batch, NFTA_DATA_VERDICT);
    put_u32(batch, NFTA_VERDICT_CODE, op->key);
    netlink_nest_end(batch, verdict);
    netlink_nest_end(batch, data);
}

static const struct {
    const char *name;
    void (*put)(struct netlink_batch *batch, const struct nft_op *op);
} expressions[] = {
    [NFT_OP_META] = {"meta", put_meta},
    [NFT_OP_CT] = {"ct", put_ct},
    [NFT_OP_PAYLOAD] = {"payload", put_payload},
    [NFT_OP_FIB] = {"fib", put_fib},
    [NFT_OP_MASK] = {"bitwise", put_mask},
    [NFT_OP_EQUAL] = {"cmp", put_compare},
    [NFT_OP_UNEQUAL] = {"cmp", put_compare},
    [NFT_OP_IN] = {"lookup", put_lookup},
    [NFT_OP_NOT_IN] = {"lookup", put_lookup},
    [NFT_OP_MAP] = {"lookup", put_lookup},
    [NFT_OP_DNAT] = {"nat", put_dnat},
    [NFT_OP_MASQUERADE] = {"masq", put_masquerade},
    [NFT_OP_VERDICT] = {"immediate", put_verdict},
};

static void put_expression(struct netlink_batch *batch, const struct nft_op *op)
{
    size_t element = nest(batch, NFTA_LIST_ELEM);

    netlink_put_string(batch, NFTA_EXPR_NAME, expressions[op->kind].name);
    size_t data = nest(batch, NFTA_EXPR_DATA);
    expressions[op->kind].put(batch, op);
    netlink_nest_end(batch, data);
    netlink_nest_end(batch, element);
}

/* -- rules, chains, sets, tables -- */

void nft_add_rule(struct netlink_batch *batch, uint8_t family, const char *table, const struct nft_rule *rule,
                  bool at_head, const char *comment)
{
    begin(batch, TYPE(NFT_MSG_NEWRULE), NLM_F_CREATE | (at_head ? 0 : NLM_F_APPEND), family);
    netlink_put_string(batch, NFTA_RULE_TABLE, table);
    netlink_put_string(batch, NFTA_RULE_CHAIN, rule->chain);
    size_t list = nest(batch, NFTA_RULE_EXPRESSIONS);
    for (size_t i = 0; i < rule->n_ops; i++)
        put_expression(batch, &rule->ops[i]);
    netlink_nest_end(batch, list);
    if (comment)
        put_comment(batch, NFTA_RULE_USERDATA, COMMENT_OF_RULE, comment);
}

void nft_delete_rule(struct netlink_batch *batch, uint8_t family, const char *table, const char *chain,
                     uint64_t handle)
{
    const uint32_t parts[2] = {htonl((uint32_t) (handle >> 32)), htonl((uint32_t) handle)};

    begin(batch, TYPE(NFT_MSG_DELRULE), 0, family);
    netlink_put_string(batch, NFTA_RULE_TABLE, table);
    netlink_put_string(batch, NFTA_RULE_CHAIN, chain);
    netlink_put(batch, NFTA_RULE_HANDLE, parts, sizeof parts);
}

static void add_chain(struct netlink_batch *batch, const struct nft_table *table, const struct nft_chain *chain)
{
    begin(batch, TYPE(NFT_MSG_NEWCHAIN), NLM_F_CREATE, table->family);
    netlink_put_string(batch, NFTA_CHAIN_TABLE, table->name);
    netlink_put_string(batch, NFTA_CHAIN_NAME, chain->name);
    size_t hook = nest(batch, NFTA_CHAIN_HOOK);
    put_u32(batch, NFTA_HOOK_HOOKNUM, chain->hook);
    put_u32(batch, NFTA_HOOK_PRIORITY, (uint32_t) chain->priority);
    netlink_nest_end(batch, hook);
    put_u32(batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
    netlink_put_string(batch, NFTA_CHAIN_TYPE, chain->type);
}

/* The fields of a set with ranges: the kernel looks at each by itself. */
static void put_fields(struct netlink_batch *batch, const struct nft_set *set)
{
    size_t description = nest(batch, NFTA_SET_DESC);
    size_t fields = nest(batch, NFTA_SET_DESC_CONCAT);

    for (size_t i = 0; i < COUNT_OF(set->field) && set->field[i] > 0; i++) {
        size_t field = nest(batch, NFTA_LIST_ELEM);

        put_u32(batch, NFTA_SET_FIELD_LEN, set->field[i]);
        netlink_nest_end(batch, field);
    }
    netlink_nest_end(batch, fields);
    netlink_nest_end(batch, description);
}

static void add_set(struct netlink_batch *batch, const struct nft_table *table, const struct nft_set *set, uint32_t id)
{
    uint32_t flags = (set->data_size ? (uint32_t) NFT_SET_MAP : 0) |
                     (set->is_interval ? (uint32_t) NFT_SET_INTERVAL | NFT_SET_CONCAT : 0);

    begin(batch, TYPE(NFT_MSG_NEWSET), NLM_F_CREATE, table->family);
    netlink_put_string(batch, NFTA_SET_TABLE, table->name);
    netlink_put_string(batch, NFTA_SET_NAME, set->name);
    put_u32(batch, NFTA_SET_FLAGS, flags);
    put_u32(batch, NFTA_SET_KEY_TYPE, set->key_type);
    put_u32(batch, NFTA_SET_KEY_LEN, set->key_size);
    if (set->data_size) {
        put_u32(batch, NFTA_SET_DATA_TYPE, set->data_type);
        put_u32(batch, NFTA_SET_DATA_LEN, set->data_size);
    }
    put_u32(batch, NFTA_SET_ID, id);
    if (set->is_interval)
        put_fields(batch, set);
    if (set->note)
        netlink_put(batch, NFTA_SET_USERDATA, set->note, set->note_size);
}

void nft_add_table(struct netlink_batch *batch, const struct nft_table *table)
{
    begin(batch, TYPE(NFT_MSG_NEWTABLE), NLM_F_CREATE | NLM_F_EXCL, table->family);
    netlink_put_string(batch, NFTA_TABLE_NAME, table->name);
    put_u32(batch, NFTA_TABLE_FLAGS, 0);
    for (size_t i = 0; i < table->n_sets; i++)
        add_set(batch, table, &table->sets[i], (uint32_t) i + 1);
    for (size_t i = 0; i < table->n_chains; i++)
        add_chain(batch, table, &table->chains[i]);
    for (size_t i = 0; i < table->n_rules; i++)
        nft_add_rule(batch, table->family, table->name, &table->rules[i], false, NULL);
}

void nft_delete_table(struct netlink_batch *batch, uint8_t family, const char *table)
{
    begin(batch, TYPE(NFT_MSG_DELTABLE), 0, family);
    netlink_put_string(batch, NFTA_TABLE_NAME, table);
}

static void change_element(struct netlink_batch *batch, uint16_t type, uint16_t flags, uint8_t family,
                           const char *table, const struct nft_element *element)
{
    begin(batch, type, flags, family);
    netlink_put_string(batch, NFTA_SET_ELEM_LIST_TABLE, table);
    netlink_put_string(batch, NFTA_SET_ELEM_LIST_SET, element->set);
    size_t list = nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
    size_t item = nest(batch, NFTA_LIST_ELEM);
    put_value(batch, NFTA_SET_ELEM_KEY, element->key.bytes, element->key.size);
    if (element->end.size > 0)
        put_value(batch, NFTA_SET_ELEM_KEY_END, element->end.bytes, element->end.size);
    if (element->data.size > 0 && flags)
        put_value(batch, NFTA_SET_ELEM_DATA, element->data.bytes, element->data.size);
    if (element->comment && flags)
        put_comment(batch, NFTA_SET_ELEM_USERDATA, COMMENT_OF_ELEMENT, element->comment);
    netlink_nest_end(batch, item);
    netlink_nest_end(batch, list);
}

void nft_add_element(struct netlink_batch *batch, uint8_t family, const char *table, const struct nft_element *element)
{
    change_element(batch, TYPE(NFT_MSG_NEWSETELEM), NLM_F_CREATE, family, table, element);
}

void nft_delete_element(struct netlink_batch *batch, uint8_t family, const char *table,
                        const struct nft_element *element)
{
    change_element(batch, TYPE(NFT_MSG_DELSETELEM), 0, family, table, element);
}
