/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/usage.h"

#include "base/test.h"

TEST(network_is_added_up_without_the_loopback)
{
    static const char table[] =
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop\n"
        "    lo:    9999      9    0    0    0     0          0         0     9999      9    0    0\n"
        " host0:    1000      9    0    0    0     0          0         0      200      9    0    0\n"
        "  eth1:       5      9    0    0    0     0          0         0        7      9    0    0\n";
    uint64_t received, sent;

    EXPECT_TRUE(usage_read_net(table, &received, &sent));
    EXPECT_INT(received, 1005);
    EXPECT_INT(sent, 207);
    EXPECT_TRUE(!usage_read_net("    lo: 1 2 3 4 5 6 7 8 9\n", &received, &sent));
    EXPECT_TRUE(!usage_read_net("", &received, &sent));
}

TESTS(RUN(network_is_added_up_without_the_loopback))
