/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said to the packet filter, byte by byte, as nft(8) says the same. */
#include "net/nft.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/mem.h"
#include "net/rules_table.h"
#include "base/test.h"

/* The message that begins at OFFSET of BATCH has these bytes behind its netlink header. */
static void expect_bytes(const struct netlink_batch *batch, size_t offset, const char *hex)
{
    size_t n = strlen(hex) / 2;

    assert_true(offset + 16 + n <= batch->used);
    for (size_t i = 0; i < n; i++) {
        unsigned byte = 0;

        (void) sscanf(hex + 2 * i, "%2x", &byte);
        if (batch->data[offset + 16 + i] != byte)
            fail_msg("byte %zu is %02x, not %02x", i, batch->data[offset + 16 + i], byte);
    }
    const struct nlmsghdr *message = (const void *) (batch->data + offset);
    assert_int_equal(message->nlmsg_len, 16 + n);
}

TEST(a_change_is_one_batch)
{
    CLEANUP(netlink_batch_done) struct netlink_batch batch;

    nft_begin(&batch);
    expect_bytes(&batch, 0, "0000000a");
    const struct nlmsghdr *message = (const void *) batch.data;
    assert_int_equal(message->nlmsg_type, 0x10);
    assert_int_equal(message->nlmsg_flags, NLM_F_REQUEST);
}

TEST(an_element_has_its_key_its_data_and_its_comment)
{
    CLEANUP(netlink_batch_done) struct netlink_batch batch;
    struct nft_element element = {.set = "any4", .comment = "web"};

    nft_begin(&batch);
    size_t at = batch.used;
    nft_key_add_u8(&element.key, 6);
    nft_key_add_port(&element.key, 8080);
    nft_key_add(&element.data, "\x0a\x00\x00\x02", 4);
    nft_key_add_port(&element.data, 80);
    nft_add_element(&batch, NFT_INET, "redd", &element);
    expect_bytes(&batch, at,
                 "01000000"
                 "0900010072656464" "00000000"          /* table */
                 "09000200616e7934" "00000000"          /* set */
                 "34000380"                             /* elements */
                 "30000180"
                 "10000180" "0c000100" "06000000" "1f900000"
                 "10000280" "0c000100" "0a000002" "00500000"
                 "0a000600" "0004" "77656200" "0000");
}

TEST(an_element_is_deleted_by_its_key)
{
    CLEANUP(netlink_batch_done) struct netlink_batch batch;
    struct nft_element element = {.set = "guarded4", .comment = "web"};

    nft_begin(&batch);
    size_t at = batch.used;
    nft_key_add(&element.key, "\x0a\x00\x00\x02", 4);
    nft_delete_element(&batch, NFT_INET, "redd", &element);
    expect_bytes(&batch, at,
                 "01000000"
                 "0900010072656464" "00000000"
                 "0d0002006775617264656434" "00000000"
                 "14000380"
                 "10000180"
                 "0c000180" "08000100" "0a000002");
}

TEST(a_rule_is_a_list_of_expressions)
{
    static const struct nft_op ops[] = {
        {.kind = NFT_OP_META, .reg = 8, .key = NFT_META_NFPROTO},
        {.kind = NFT_OP_EQUAL, .reg = 8, .size = 1, .bytes = {2}},
        {.kind = NFT_OP_VERDICT, .key = NF_DROP},
    };
    static const struct nft_rule rule = {"pass", ops, COUNT_OF(ops)};
    CLEANUP(netlink_batch_done) struct netlink_batch batch;

    nft_begin(&batch);
    size_t at = batch.used;
    nft_add_rule(&batch, NFT_INET, "redd", &rule, false, NULL);
    expect_bytes(&batch, at,
                 "01000000"
                 "0900010072656464" "00000000"
                 "0900020070617373" "00000000"
                 "84000480"
                 "24000180" "090001006d657461" "00000000" "14000280" "080002000000000f" "0800010000000008"
                 "2c000180" "08000100636d7000" "20000280" "0800010000000008" "0800020000000000"
                                               "0c000380" "0500010002000000"
                 "30000180" "0e000100696d6d656469617465000000" "1c000280" "0800010000000000"
                                               "10000280" "0c000280" "0800010000000000");
}

TEST(a_rule_that_is_everything_a_table_needs_grows_its_batch)
{
    CLEANUP(netlink_batch_done) struct netlink_batch batch;

    nft_begin(&batch);
    nft_add_table(&batch, &rules_inet);
    nft_add_table(&batch, &rules_bridge);
    assert_true(!batch.is_full && batch.used > NETLINK_BATCH_SIZE);
    for (size_t at = 0; at < batch.used;) {
        const struct nlmsghdr *message = (const void *) (batch.data + at);

        assert_true(message->nlmsg_len >= NLMSG_HDRLEN && message->nlmsg_len <= batch.used - at);
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
}

/* Each rule's registers are loaded before they are used, its sets exist, and its chain does. */
static bool has_set(const struct nft_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_sets; i++)
        if (strcmp(table->sets[i].name, name) == 0)
            return true;
    return false;
}

static void check_rules(const struct nft_table *table)
{
    for (size_t i = 0; i < table->n_rules; i++) {
        const struct nft_rule *rule = &table->rules[i];
        bool has_chain = false;

        for (size_t j = 0; j < table->n_chains; j++)
            has_chain = has_chain || strcmp(table->chains[j].name, rule->chain) == 0;
        assert_true(has_chain);
        for (size_t j = 0; j < rule->n_ops; j++) {
            const struct nft_op *op = &rule->ops[j];

            if (op->set && !has_set(table, op->set))
                fail_msg("rule %zu of table %zu looks into '%s', which is no set", i, (size_t) table->family, op->set);
        }
    }
}

TEST(rules_look_into_sets_that_there_are)
{
    check_rules(&rules_inet);
    check_rules(&rules_bridge);
}

TESTS(RUN(a_change_is_one_batch), RUN(an_element_has_its_key_its_data_and_its_comment),
      RUN(an_element_is_deleted_by_its_key), RUN(a_rule_is_a_list_of_expressions),
      RUN(a_rule_that_is_everything_a_table_needs_grows_its_batch), RUN(rules_look_into_sets_that_there_are))
