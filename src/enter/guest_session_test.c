/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter/guest_session.h"

#include "base/test.h"

TEST(a_program_that_exits_keeps_its_status)
{
    EXPECT_INT(guest_session_read_end("Running as unit: x.service\nFinished with result: exit-code\n"
                                      "Main processes terminated with: code=exited/status=7\n", 7), 7);
    EXPECT_INT(guest_session_read_end("Running as unit: x.service; invocation ID: 00ff\n"
                                      "Main processes terminated with: code=exited, status=0/SUCCESS\n", 0), 0);
}

TEST(a_signal_counts_128_more)
{
    EXPECT_INT(guest_session_read_end("Running as unit: x.service\nFinished with result: success\n"
                                      "Main processes terminated with: code=killed/status=TERM\n"
                                      "Service runtime: 1us\n", 0), 143);
    EXPECT_INT(guest_session_read_end("Running as unit: x.service\n"
                                      "Main processes terminated with: code=killed, status=9/KILL\n", 255), 137);
    EXPECT_INT(guest_session_read_end("Running as unit: x.service\n"
                                      "Main processes terminated with: code=dumped, status=11/SEGV\n", 255), 139);
}

TEST(without_a_unit_there_was_no_session)
{
    EXPECT_INT(guest_session_read_end("Failed to start transient service unit: Connection reset by peer\n", 1), -1);
    EXPECT_INT(guest_session_read_end("", 0), -1);
}

TEST(what_makes_no_sense_leaves_the_status)
{
    EXPECT_INT(guest_session_read_end("Running as unit: \nMain processes terminated with: code=", 3), 3);
    EXPECT_INT(guest_session_read_end("Running as unit: \nMain processes terminated with: code=killed", 3), 3);
    EXPECT_INT(guest_session_read_end("Running as unit: \nMain processes terminated with: code=killed/status=", 3), 3);
    EXPECT_INT(guest_session_read_end("Running as unit: \n"
                                      "Main processes terminated with: code=killed/status=NONE\n", 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_exits_keeps_its_status),
        cmocka_unit_test(a_signal_counts_128_more),
        cmocka_unit_test(without_a_unit_there_was_no_session),
        cmocka_unit_test(what_makes_no_sense_leaves_the_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
