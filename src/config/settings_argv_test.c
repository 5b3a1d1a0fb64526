/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: how words become assignments, and what is said where they do not. */
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/strings.h"
#include "config/capture.h"
#include "config/given.h"
#include "base/test.h"

TEST(options_end_at_the_first_other_word)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_apply(&g, WORDS("-q", "ls", "-q", "--boot", "--"), ERR));
    EXPECT_TRUE(g.spec.quiet);
    EXPECT_INT(g.spec.start, START_COMMAND);
    EXPECT_INT(g.spec.command.count, 4);
    EXPECT_STR(g.spec.command.item[2], "--boot");
    EXPECT_STR(g.spec.command.item[3], "--");
}

TEST(two_hyphens_end_options_and_are_dropped)
{
    CLEANUP(given_done) struct given g = {0}, alone = {0}, single = {0};

    EXPECT_OK(given_apply(&g, WORDS("-q", "--", "--boot"), ERR));
    EXPECT_INT(g.spec.command.count, 1);
    EXPECT_STR(g.spec.command.item[0], "--boot");
    EXPECT_OK(given_apply(&alone, WORDS("--"), ERR));
    EXPECT_INT(alone.spec.command.count, 0);
    EXPECT_OK(given_apply(&single, WORDS("-"), ERR));
    EXPECT_STR(single.spec.command.item[0], "-");
}

TEST(a_value_comes_with_the_option_or_behind_it)
{
    CLEANUP(given_done) struct given g = {0}, cluster = {0};

    EXPECT_OK(given_apply(&g, WORDS("--setenv=A=b=c", "--machine", "web", "-D/srv/x", "-u", "-x", "true"), ERR));
    EXPECT_STR(g.spec.machine, "web");
    EXPECT_STR(g.spec.directory, "/srv/x");
    EXPECT_STR(g.spec.user, "-x");
    EXPECT_STR(g.spec.environment.item[0], "A=b=c");
    EXPECT_OK(given_apply(&cluster, WORDS("-qbMweb"), ERR));
    EXPECT_TRUE(cluster.spec.quiet);
    EXPECT_INT(cluster.spec.start, START_BOOT);
    EXPECT_STR(cluster.spec.machine, "web");
}

TEST(an_optional_value_only_comes_with_an_equals_sign)
{
    CLEANUP(given_done) struct given g = {0}, users = {0};

    EXPECT_OK(given_apply(&g, WORDS("--volatile", "state"), ERR));
    EXPECT_INT(g.spec.volatile_mode, VOLATILE_YES);
    EXPECT_STR(g.spec.command.item[0], "state");
    EXPECT_OK(given_apply(&users, WORDS("--private-users", "--volatile=state"), ERR));
    EXPECT_INT(users.spec.userns, USERNS_OWNER);
    EXPECT_INT(users.spec.volatile_mode, VOLATILE_STATE);
}

TEST(a_long_option_may_be_cut_short_where_it_is_clear)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_apply(&g, WORDS("--dir=/x", "--read", "--console=pipe", "--bind=/a"), ERR));
    EXPECT_STR(g.spec.directory, "/x");
    EXPECT_TRUE(g.spec.read_only);
    EXPECT_INT(g.spec.console, CONSOLE_PIPE);
    EXPECT_INT(g.spec.n_mounts, 1);
}

TEST(our_own_options_do_not_make_others_ambiguous)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_apply(&g, WORDS("--con=pipe", "--tmp=/x", "--expl", "--tmp-=1M"), ERR));
    EXPECT_INT(g.spec.console, CONSOLE_PIPE);
    EXPECT_INT(g.spec.n_mounts, 1);
    EXPECT_TRUE(g.spec.explain);
    EXPECT_STR(g.spec.tmp_size, "1M");
}

TEST(bad_usage_is_one_line_with_a_hint)
{
    static const struct {
        const char *words[3], *says, *hint, *id;
    } cases[] = {
        {{"--no-such-option"}, "unrecognized option '--no-such-option'", "try --help", "R1001"},
        {{"--no-such=5"}, "unrecognized option '--no-such'", "try --help", "R1001"},
        {{"--directroy=/x"}, "unrecognized option '--directroy'", "did you mean --directory?", "R1001"},
        {{"-Q"}, "unrecognized option '-Q'", "try --help", "R1001"},
        {{"-qQ"}, "unrecognized option '-Q'", "try --help", "R1001"},
        {{"--=x"}, "unrecognized option '--'", "try --help", "R1001"},
        {{"--network=x"},
         "option '--network' is ambiguous; possibilities: --network-interface, --network-macvlan, --network-ipvlan, "
         "--network-veth, --network-veth-extra, --network-bridge, --network-zone, --network-namespace-path",
         "write it out",
         "R1002"},
        {{"-D"}, "option '-D' requires an argument", "as in -D PATH", "R1003"},
        {{"-qD"}, "option '-D' requires an argument", "as in -D PATH", "R1003"},
        {{"--directory"}, "option '--directory' requires an argument", "as in --directory=PATH", "R1003"},
        {{"--dir"}, "option '--directory' requires an argument", "as in --directory=PATH", "R1003"},
        {{"--help=x"}, "option '--help' doesn't allow an argument", "leave '=x' out", "R1004"},
        {{"--private-network=yes"}, "option '--private-network' doesn't allow an argument", "leave", "R1004"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_FAIL(given_read(&g, WORDS(cases[i].words[0]), ERR), EINVAL, cases[i].says);
        EXPECT_HINT(cases[i].hint);
        EXPECT_STR(error_id(*err_), cases[i].id);
    }

    CLEANUP(given_done) struct given g = {0};
    EXPECT_FAIL(given_read(&g, WORDS("--share-system"), ERR), ENOTSUP, "--share-system is not supported");
}

TEST(reading_stops_at_help_version_and_lists_of_values)
{
    static const struct {
        const char *first, *second;
        enum argv_action action;
    } cases[] = {
        {"--help", "-Q", ARGV_HELP},           {"-h", "x", ARGV_HELP},   {"--version", "-Q", ARGV_VERSION},
        {"--console=help", "-Q", ARGV_VALUES}, {"-qh", "-Q", ARGV_HELP},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_read(&g, WORDS(cases[i].first, cases[i].second), ERR));
        EXPECT_INT(g.action, cases[i].action);
    }

    CLEANUP(given_done) struct given g = {0};
    EXPECT_FAIL(given_read(&g, WORDS("-Q", "--help"), ERR), EINVAL, "unrecognized option '-Q'");
}

TEST(help_as_a_value_lists_the_values_of_these_options)
{
    static const char *const listed[] = {
        "console",     "resolv-conf", "timezone",        "private-users-ownership", "volatile",
        "kill-signal", "capability",  "drop-capability", "ambient-capability",      "rlimit"};

    for (size_t i = 0; i < COUNT_OF(listed); i++) {
        CLEANUP(given_done) struct given g = {0};
        auto_free char *word = mem_format("--%s=help", listed[i]);

        EXPECT_OK(given_read(&g, WORDS("-q", word), ERR));
        EXPECT_INT(g.action, ARGV_VALUES);
        EXPECT_STR(g.settings.item[g.settings.count - 1].row->flag, listed[i]);
    }
    for (size_t i = 0, n = 0; i <= n_option_rows; i++) {
        if (i < n_option_rows)
            n += option_rows[i].value != NULL;
        else
            EXPECT_INT(n, COUNT_OF(listed));
    }
}

TEST(help_as_a_value_of_others_is_just_a_bad_value)
{
    CLEANUP(given_done) struct given a = {0}, b = {0}, c = {0};

    EXPECT_FAIL(given_read(&a, WORDS("--link-journal=help"), ERR), EINVAL, "Failed to parse link journal mode help");
    EXPECT_FAIL(given_read(&b, WORDS("--settings=help"), ERR), EINVAL, "Failed to parse --settings= argument: help");
    EXPECT_FAIL(given_read(&c, WORDS("--private-users=help"), ERR), EINVAL, "Failed to parse UID \"help\"");
}

TEST(user_selects_a_scope_or_is_an_old_name_of_uid)
{
    static const struct {
        const char *words[3];
        const char *user, *said, *command;
        bool scope;
    } cases[] = {
        {{"--user"}, NULL, "", NULL, true},
        {{"--user", "-q"}, NULL, "", NULL, true},
        {{"--user", "--", "true"}, NULL, "", "true", true},
        {{"--user=games", "true"}, "games", "--user=NAME is deprecated, use --uid=NAME instead.\n", "true", false},
        {{"--user", "games", "true"}, "games", "--user NAME is deprecated, use --uid=NAME instead.\n", "true", false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};
        struct capture capture = capture_begin();
        int r = given_apply(&g, WORDS(cases[i].words[0], cases[i].words[1], cases[i].words[2]), ERR);
        auto_free char *said = capture_end(capture);

        EXPECT_OK(r);
        EXPECT_STR(said, cases[i].said);
        EXPECT_TRUE(string_equal(g.spec.user, cases[i].user));
        EXPECT_INT(g.spec.user_scope, cases[i].scope);
        EXPECT_INT(g.spec.command.count, cases[i].command ? 1 : 0);
    }
}

TEST(the_other_spellings_mean_what_they_stand_for)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_apply(&g, WORDS("-j", "-P", "-U", "--private-users-chown=1", "-n", "-x", "-a"), ERR));
    EXPECT_INT(g.spec.journal, JOURNAL_TRY_GUEST);
    EXPECT_INT(g.spec.console, CONSOLE_PIPE);
    EXPECT_INT(g.spec.userns, USERNS_PICK);
    EXPECT_TRUE(g.spec.userns_optional);
    EXPECT_INT(g.spec.ownership, OWNERSHIP_CHOWN);
    EXPECT_TRUE(g.spec.veth && g.spec.ephemeral);
    EXPECT_INT(g.spec.start, START_STUB_INIT);
}

TEST(later_values_win_and_lists_grow)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_apply(&g,
                          WORDS("--hostname=a", "--setenv=A=1", "--setenv=B=2", "--setenv=A=3", "--hostname=b",
                                "--bind=/a", "--tmpfs=/b", "--cpu-affinity=0", "--cpu-affinity=1"),
                          ERR));
    EXPECT_STR(g.spec.hostname, "b");
    EXPECT_INT(g.spec.environment.count, 2);
    EXPECT_STR(environment_get(&g.spec.environment, "A"), "3");
    EXPECT_INT(g.spec.n_mounts, 2);
    EXPECT_TRUE(CPU_COUNT(&g.spec.affinity) == 1 && CPU_ISSET(1, &g.spec.affinity));
}

TEST(a_bad_value_is_refused_whatever_a_file_may_say)
{
    CLEANUP(given_done) struct given g = {.file = "[Exec]\nHostname=a\n", .trusted = true};

    EXPECT_FAIL(given_apply(&g, WORDS("--settings=override", "--hostname=a_b"), ERR), EINVAL, "Invalid hostname: a_b");
}

TESTS(RUN(options_end_at_the_first_other_word), RUN(two_hyphens_end_options_and_are_dropped),
      RUN(a_value_comes_with_the_option_or_behind_it), RUN(an_optional_value_only_comes_with_an_equals_sign),
      RUN(a_long_option_may_be_cut_short_where_it_is_clear), RUN(our_own_options_do_not_make_others_ambiguous),
      RUN(bad_usage_is_one_line_with_a_hint), RUN(reading_stops_at_help_version_and_lists_of_values),
      RUN(help_as_a_value_lists_the_values_of_these_options), RUN(help_as_a_value_of_others_is_just_a_bad_value),
      RUN(user_selects_a_scope_or_is_an_old_name_of_uid), RUN(the_other_spellings_mean_what_they_stand_for),
      RUN(later_values_win_and_lists_grow), RUN(a_bad_value_is_refused_whatever_a_file_may_say))
