/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/history.h"

#include <errno.h>

#include "base/mem.h"

#include "base/test.h"

TEST(rules_count_or_measure_time)
{
    struct keep_rule rule;

    EXPECT_INT(keep_rule_parse("7", &rule), 0);
    EXPECT_INT(rule.count, 7);
    EXPECT_INT(rule.age_us, 0);
    EXPECT_INT(keep_rule_parse("30d", &rule), 0);
    EXPECT_INT(rule.count, 0);
    EXPECT_INT(rule.age_us / 1000000, 30 * 86400);
    EXPECT_INT(keep_rule_parse("7,2h", &rule), 0);
    EXPECT_INT(rule.count, 7);
    EXPECT_INT(rule.age_us / 1000000, 7200);
}

TEST(rules_that_keep_nothing_are_none)
{
    struct keep_rule rule;
    static const char *const bad[] = {"", "0", "-1", "x", "7,x", "0d"};

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_INT(keep_rule_parse(bad[i], &rule), -EINVAL);
}

TESTS(RUN(rules_count_or_measure_time), RUN(rules_that_keep_nothing_are_none))
