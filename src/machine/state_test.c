/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a machine's state: the keys other programs know, quoting, and what is refused. */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "machine/state.h"
#include "base/test.h"

TEST(the_text_has_the_keys_that_other_programs_read)
{
    uint32_t netif[] = {2, 5};
    struct machine_state state = {
        .name = (char *) "web", .unit = (char *) "web.scope", .service = (char *) "systemd-nspawn",
        .class = (char *) "container", .root = (char *) "/srv/my \"web\" $x", .leader = 4711, .leader_pidfd_id = 99,
        .supervisor = 4710, .realtime_us = 1700000000000000, .monotonic_us = 5, .netif = netif, .n_netif = 2,
        .cgroup = (char *) "/sys/fs/cgroup/web.scope/payload", .network = (char *) "own",
    };
    EXPECT_INT(id128_parse("0123456789abcdef0123456789abcdef", &state.id), 0);

    auto_free char *text = machine_state_format(&state);
    EXPECT_STR(text, "# This is private data. Do not parse.\n"
                     "REDD_STATE=1\n"
                     "NAME=web\n"
                     "UID=0\n"
                     "SCOPE=web.scope\n"
                     "SERVICE=systemd-nspawn\n"
                     "ROOT=\"/srv/my \\\"web\\\" \\$x\"\n"
                     "ID=0123456789abcdef0123456789abcdef\n"
                     "LEADER=4711\n"
                     "LEADER_PIDFDID=99\n"
                     "SUPERVISOR=4710\n"
                     "CLASS=container\n"
                     "REALTIME=1700000000000000\n"
                     "MONOTONIC=5\n"
                     "NETIF=\" 2 5\"\n"
                     "CGROUP=/sys/fs/cgroup/web.scope/payload\n"
                     "REDD_NETWORK=own\n");
}

TEST(what_is_unknown_is_left_out)
{
    auto_free char *text = machine_state_format(&(struct machine_state){.name = (char *) "a", .root = (char *) ""});

    EXPECT_STR(text, "# This is private data. Do not parse.\nREDD_STATE=1\nNAME=a\nUID=0\n");
}

TEST(the_text_reads_back_as_it_was)
{
    CLEANUP(machine_state_done) struct machine_state read = {0};
    uint32_t netif[] = {4294967295u};
    struct machine_state state = {
        .name = (char *) "web", .root = (char *) "/a\nb`\\ c", .uid = 1000, .leader = 7, .netif = netif, .n_netif = 1,
    };
    auto_free char *text = machine_state_format(&state);
    auto_free char *again = NULL;

    EXPECT_OK(machine_state_parse(text, &read, ERR));
    EXPECT_STR(read.root, state.root);
    EXPECT_INT(read.uid, 1000);
    EXPECT_TRUE(!read.unit);
    EXPECT_INT(read.n_netif, 1);
    again = machine_state_format(&read);
    EXPECT_STR(again, text);
}

TEST(a_foreign_file_is_read_and_strange_keys_are_skipped)
{
    CLEANUP(machine_state_done) struct machine_state state = {0};

    EXPECT_OK(
        machine_state_parse("# comment\n\nNAME=m1\nVSOCK_CID=4294967295\nSCOPE=m1.scope\nNETIF=\" 3\"", &state, ERR));
    EXPECT_STR(state.name, "m1");
    EXPECT_STR(state.unit, "m1.scope");
    EXPECT_INT(state.netif[0], 3);
}

TEST(what_is_not_a_state_is_refused_by_line)
{
    struct machine_state state;

    EXPECT_FAIL(machine_state_parse("NAME=a\nnonsense\n", &state, ERR), EINVAL, "'nonsense' is not an assignment");
    EXPECT_FAIL(machine_state_parse("ROOT=\"/open\n", &state, ERR), EINVAL, "is not an assignment");
    EXPECT_FAIL(machine_state_parse("ROOT=\"/a\"b\n", &state, ERR), EINVAL, "is not an assignment");
    EXPECT_FAIL(machine_state_parse("LEADER=-1\n", &state, ERR), EINVAL, "'-1' is not a value for LEADER");
    EXPECT_FAIL(machine_state_parse("NETIF=\"2 x\"\n", &state, ERR), EINVAL, "'2 x' is not a value for NETIF");
    EXPECT_FAIL(machine_state_parse("REDD_STATE=2\n", &state, ERR), EPROTONOSUPPORT, "newer redd, as version 2");
}

TEST(a_process_has_one_number_and_another_has_another)
{
    auto_close int self = sys_pidfd_open(getpid(), 0);
    auto_close int again = sys_pidfd_open(getpid(), 0);
    auto_close int parent = sys_pidfd_open(getppid(), 0);

    EXPECT_TRUE(self >= 0 && again >= 0);
    if (fd_pidfd_id(self) == 0)
        SKIP_TEST("this kernel has no pidfs");
    EXPECT_TRUE(fd_pidfd_id(self) == fd_pidfd_id(again));
    EXPECT_TRUE(parent < 0 || fd_pidfd_id(self) != fd_pidfd_id(parent));
}

TESTS(RUN(the_text_has_the_keys_that_other_programs_read), RUN(what_is_unknown_is_left_out),
      RUN(the_text_reads_back_as_it_was), RUN(a_foreign_file_is_read_and_strange_keys_are_skipped),
      RUN(what_is_not_a_state_is_refused_by_line), RUN(a_process_has_one_number_and_another_has_another))
