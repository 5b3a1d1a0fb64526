/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "net/nft.h"
#include "net/rules_table.h"
#include "base/test.h"

TEST(dump_the_table)
{
    CLEANUP(netlink_close) struct netlink n = {.fd = -1};
    struct netlink_remark remark;
    struct netlink_batch batch;
    EXPECT_OK(netlink_open_netfilter(&n, ERR));
    nft_begin(&batch);
    nft_add_table(&batch, &rules_inet);
    nft_add_table(&batch, &rules_bridge);
    printf("batch %zu\n", batch.used);
    int r = nft_commit(&n, &batch, &remark);
    printf("%d %s\n", r, remark.text);
    system("nft list ruleset");
    netlink_batch_done(&batch);
}
TESTS(RUN(dump_the_table))
