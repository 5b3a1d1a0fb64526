/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what the packet filter holds: lists of elements, chains and rules. Other programs' tables are among it, with
 * all that they have in them; what is not understood is passed over. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include "net/nft.h"

#define TYPE(message) ((uint16_t) (NFNL_SUBSYS_NFTABLES << 8 | (message)))
#define ATTRIBUTES 16

/* -- attributes -- */

struct range {
    const unsigned char *data;
    size_t size;
};

/* The attributes in IN by their type; those of a higher one are passed over. */
static void split(struct range in, struct range ret[ATTRIBUTES])
{
    memset(ret, 0, ATTRIBUTES * sizeof *ret);
    while (in.size >= NLA_HDRLEN) {
        struct nlattr attribute;

        memcpy(&attribute, in.data, sizeof attribute);
        if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > in.size)
            return;
        unsigned type = attribute.nla_type & NLA_TYPE_MASK;
        if (type < ATTRIBUTES)
            ret[type] = (struct range){in.data + NLA_HDRLEN, attribute.nla_len - (size_t) NLA_HDRLEN};

        size_t step = NLA_ALIGN((size_t) attribute.nla_len);
        if (step >= in.size)
            return;
        in.data += step;
        in.size -= step;
    }
}

/* Takes the first attribute off a list. */
static bool next(struct range *list, struct range *ret)
{
    struct nlattr attribute;

    if (list->size < NLA_HDRLEN)
        return false;
    memcpy(&attribute, list->data, sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > list->size)
        return false;
    *ret = (struct range){list->data + NLA_HDRLEN, attribute.nla_len - (size_t) NLA_HDRLEN};

    size_t step = NLA_ALIGN((size_t) attribute.nla_len);
    step = step < list->size ? step : list->size;
    list->data += step;
    list->size -= step;
    return true;
}

static uint32_t number(struct range range)
{
    uint32_t value = 0;

    if (range.size >= sizeof value)
        memcpy(&value, range.data, sizeof value);
    return ntohl(value);
}

/* A text with its NUL, or "". */
static const char *text(struct range range)
{
    return range.size > 0 && range.data[range.size - 1] == '\0' ? (const char *) range.data : "";
}

/* The first of the things that nft(8) has noted down is the comment, where it is of kind 0. */
static const char *comment(struct range range)
{
    if (range.size < 3 || range.data[0] != 0 || (size_t) range.data[1] + 2 > range.size || range.data[1] == 0)
        return "";
    return text((struct range){range.data + 2, range.data[1]});
}

static struct range body(const struct nlmsghdr *message, uint8_t *ret_family)
{
    const struct nfgenmsg *header = NLMSG_DATA(message);
    size_t before = NLMSG_ALIGN(NLMSG_LENGTH(sizeof *header));

    *ret_family = 0;
    if (message->nlmsg_len < before)
        return (struct range){0};
    *ret_family = header->nfgen_family;
    return (struct range){(const unsigned char *) message + before, message->nlmsg_len - before};
}

/* -- asking -- */

struct reader {
    void (*read)(const struct reader *reader, uint8_t family, struct range attributes);
    union {
        nft_element_fn *element;
        nft_chain_fn *chain;
        nft_rule_fn *rule;
    } each;
    const char *set;
    void *data;
};

static void read_message(const struct nlmsghdr *message, void *data)
{
    const struct reader *reader = data;
    uint8_t family;
    struct range attributes = body(message, &family);

    reader->read(reader, family, attributes);
}

static void ask(struct netlink_batch *batch, uint8_t message, uint16_t flags, uint8_t family)
{
    const struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};

    netlink_batch_init(batch);
    netlink_begin(batch, TYPE(message), flags, &header, sizeof header);
}

int nft_has_table(struct netlink *netlink, uint8_t family, const char *table)
{
    struct netlink_batch batch;
    struct netlink_remark remark;

    ask(&batch, NFT_MSG_GETTABLE, 0, family);
    netlink_put_string(&batch, NFTA_TABLE_NAME, table);
    int r = netlink_talk(netlink, &batch, NULL, NULL, &remark);
    return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

/* Linux 5.12. */
#ifndef NFT_TABLE_F_OWNER
#define NFT_TABLE_F_OWNER 2
#endif

static void read_table(const struct nlmsghdr *message, void *data)
{
    struct range part[ATTRIBUTES];
    uint8_t family;
    bool *is_owned = data;

    split(body(message, &family), part);
    *is_owned = number(part[NFTA_TABLE_FLAGS]) & NFT_TABLE_F_OWNER;
}

int nft_table_is_owned(struct netlink *netlink, uint8_t family, const char *table)
{
    struct netlink_batch batch;
    struct netlink_remark remark;
    bool is_owned = false;

    ask(&batch, NFT_MSG_GETTABLE, 0, family);
    netlink_put_string(&batch, NFTA_TABLE_NAME, table);
    int r = netlink_talk(netlink, &batch, read_table, &is_owned, &remark);
    return r < 0 ? r : is_owned;
}

/* -- elements -- */

static void take_key(struct range attribute, struct nft_key *ret)
{
    struct range part[ATTRIBUTES];

    split(attribute, part);
    if (part[NFTA_DATA_VALUE].size > sizeof ret->bytes)
        return;
    ret->size = (uint8_t) part[NFTA_DATA_VALUE].size;
    if (ret->size > 0)
        memcpy(ret->bytes, part[NFTA_DATA_VALUE].data, ret->size);
}

static void read_elements(const struct reader *reader, uint8_t family, struct range attributes)
{
    struct range part[ATTRIBUTES], list, item;

    (void) family;
    split(attributes, part);
    list = part[NFTA_SET_ELEM_LIST_ELEMENTS];
    while (next(&list, &item)) {
        struct nft_element element = {.set = reader->set};
        struct range field[ATTRIBUTES];

        split(item, field);
        take_key(field[NFTA_SET_ELEM_KEY], &element.key);
        take_key(field[NFTA_SET_ELEM_KEY_END], &element.end);
        take_key(field[NFTA_SET_ELEM_DATA], &element.data);
        element.comment = comment(field[NFTA_SET_ELEM_USERDATA]);
        reader->each.element(&element, reader->data);
    }
}

int nft_each_element(struct netlink *netlink, uint8_t family, const char *table, const char *set, nft_element_fn *each,
                     void *data)
{
    const struct reader reader = {.read = read_elements, .each.element = each, .set = set, .data = data};
    struct netlink_batch batch;
    struct netlink_remark remark;

    ask(&batch, NFT_MSG_GETSETELEM, NLM_F_DUMP, family);
    netlink_put_string(&batch, NFTA_SET_ELEM_LIST_TABLE, table);
    netlink_put_string(&batch, NFTA_SET_ELEM_LIST_SET, set);
    return netlink_talk(netlink, &batch, read_message, (void *) &reader, &remark);
}

/* -- chains -- */

static void read_chain(const struct reader *reader, uint8_t family, struct range attributes)
{
    struct range part[ATTRIBUTES], hook[ATTRIBUTES];

    split(attributes, part);
    split(part[NFTA_CHAIN_HOOK], hook);

    const struct nft_chain_seen chain = {
        .family = family,
        .table = text(part[NFTA_CHAIN_TABLE]),
        .name = text(part[NFTA_CHAIN_NAME]),
        .type = text(part[NFTA_CHAIN_TYPE]),
        .hook = number(hook[NFTA_HOOK_HOOKNUM]),
        .priority = (int32_t) number(hook[NFTA_HOOK_PRIORITY]),
        .is_base = part[NFTA_CHAIN_HOOK].data != NULL,
        .drops = part[NFTA_CHAIN_POLICY].data != NULL && number(part[NFTA_CHAIN_POLICY]) == NF_DROP,
    };
    reader->each.chain(&chain, reader->data);
}

int nft_each_chain(struct netlink *netlink, nft_chain_fn *each, void *data)
{
    const struct reader reader = {.read = read_chain, .each.chain = each, .data = data};
    struct netlink_batch batch;
    struct netlink_remark remark;

    ask(&batch, NFT_MSG_GETCHAIN, NLM_F_DUMP, 0);
    return netlink_talk(netlink, &batch, read_message, (void *) &reader, &remark);
}

/* -- rules -- */

static bool drops(struct range data)
{
    struct range part[ATTRIBUTES], verdict[ATTRIBUTES];

    split(data, part);
    split(part[NFTA_IMMEDIATE_DATA], part);
    split(part[NFTA_DATA_VERDICT], verdict);
    return verdict[NFTA_VERDICT_CODE].data != NULL && number(verdict[NFTA_VERDICT_CODE]) == NF_DROP;
}

/* Nothing that a packet could fail at, and an end. iptables' own REJECT is a "target". */
static bool refuses_all(struct range expressions)
{
    struct range item;
    bool ends = false;

    while (next(&expressions, &item)) {
        struct range part[ATTRIBUTES], data[ATTRIBUTES];

        split(item, part);
        const char *name = text(part[NFTA_EXPR_NAME]);
        split(part[NFTA_EXPR_DATA], data);
        if (strcmp(name, "counter") == 0 || strcmp(name, "log") == 0)
            continue;
        if (strcmp(name, "reject") == 0 || (strcmp(name, "immediate") == 0 && drops(part[NFTA_EXPR_DATA])) ||
            (strcmp(name, "target") == 0 && strcmp(text(data[NFTA_TARGET_NAME]), "REJECT") == 0))
            ends = true;
        else
            return false;
    }
    return ends;
}

static void read_rule(const struct reader *reader, uint8_t family, struct range attributes)
{
    struct range part[ATTRIBUTES];
    struct nft_rule_seen rule = {.family = family};

    split(attributes, part);
    rule.table = text(part[NFTA_RULE_TABLE]);
    rule.chain = text(part[NFTA_RULE_CHAIN]);
    if (part[NFTA_RULE_HANDLE].size >= sizeof rule.handle)
        for (size_t i = 0; i < sizeof rule.handle; i++)
            rule.handle = rule.handle << 8 | part[NFTA_RULE_HANDLE].data[i];
    strncpy(rule.comment, comment(part[NFTA_RULE_USERDATA]), sizeof rule.comment - 1);
    rule.refuses_all = refuses_all(part[NFTA_RULE_EXPRESSIONS]);
    reader->each.rule(&rule, reader->data);
}

int nft_each_rule(struct netlink *netlink, uint8_t family, const char *table, const char *chain, nft_rule_fn *each,
                  void *data)
{
    const struct reader reader = {.read = read_rule, .each.rule = each, .data = data};
    struct netlink_batch batch;
    struct netlink_remark remark;

    ask(&batch, NFT_MSG_GETRULE, NLM_F_DUMP, family);
    netlink_put_string(&batch, NFTA_RULE_TABLE, table);
    netlink_put_string(&batch, NFTA_RULE_CHAIN, chain);
    return netlink_talk(netlink, &batch, read_message, (void *) &reader, &remark);
}
