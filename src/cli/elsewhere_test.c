/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ssh(1) is called with, so that the shell on the other side sees the words it was given. */
#include <errno.h>

#include "base/mem.h"
#include "cli/elsewhere.h"

#include "base/test.h"

static char *joined(const char *host, const char *text, bool terminal, struct error **err)
{
    CLEANUP(strings_done) struct strings words = {0}, call = {0};
    char *line = mem_copy_string("");

    strings_split(&words, text, " ");
    if (elsewhere_ssh_words(host, &words, terminal, &call, err) < 0) {
        free(line);
        return NULL;
    }
    for (size_t i = 0; i < call.count; i++) {
        char *longer = mem_format("%s%s%s", line, i ? " " : "", call.item[i]);
        free(line);
        line = longer;
    }
    return line;
}

TEST(words_are_quoted_for_the_shell_on_the_other_side)
{
    auto_free char *line = joined("admin@web.example", "redd -- exec x it's $HOME", false, ERR);

    EXPECT_STR(line, "ssh -xT -- admin@web.example 'redd' '--' 'exec' 'x' 'it'\\''s' '$HOME'");
}

TEST(a_port_and_a_machine_may_follow)
{
    auto_free char *line = joined("web:2222/db", "machinectl -- list", true, ERR);
    auto_free char *six = joined("[fe80::1]:22", "redd", false, ERR);
    auto_free char *bare = joined("fe80::1", "redd", false, ERR);

    EXPECT_STR(line, "ssh -xt -p 2222 -- web 'machinectl' '--machine=db' '--' 'list'");
    EXPECT_STR(six, "ssh -xT -p 22 -- [fe80::1] 'redd'");
    EXPECT_STR(bare, "ssh -xT -- fe80::1 'redd'");
}

TEST(what_is_no_host_is_refused)
{
    static const char *const bad[] = {"", "/db", "-oProxyCommand=x", "web:port", "web/"};

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        auto_free char *line = joined(bad[i], "redd", false, ERR);

        EXPECT_TRUE(!line && *err_ && error_code(*err_) == EINVAL);
        EXPECT_HINT("-H [USER@]HOST");
    }
}

TESTS(RUN(words_are_quoted_for_the_shell_on_the_other_side), RUN(a_port_and_a_machine_may_follow),
      RUN(what_is_no_host_is_refused))
