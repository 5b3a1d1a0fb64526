/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/ready.h"

#include "base/mem.h"
#include "base/test.h"

TEST(listening_socket_is_found_by_its_port)
{
    static const char table[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0\n"
        "   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0\n"
        "   2: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 0:0 0 0 0 0\n";

    EXPECT_TRUE(ready_table_listens(table, 80));
    EXPECT_TRUE(ready_table_listens(table, 5432));
    EXPECT_TRUE(!ready_table_listens(table, 8080));     /* connected, no listener */
    EXPECT_TRUE(!ready_table_listens(table, 8));
    EXPECT_TRUE(!ready_table_listens("", 80));
}

TESTS(RUN(listening_socket_is_found_by_its_port))
