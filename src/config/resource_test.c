/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/resource.h"

#include <errno.h>

#include "base/test.h"

static struct cgroup_limit parse(const char *assignment)
{
    auto_error struct error *err = NULL;
    struct cgroup_limit limit = {0};

    if (resource_parse(assignment, &limit, &err) < 0)
        fail_msg("%s", error_text(err));
    return limit;
}

TEST(values_are_read_in_their_units)
{
    EXPECT_INT(parse("MemoryMax=2G").number, UINT64_C(2) << 30);
    EXPECT_TRUE(parse("MemoryMax=infinity").number == RESOURCE_UNLIMITED);
    EXPECT_TRUE(parse("MemoryMax=").number == RESOURCE_UNLIMITED);
    EXPECT_INT(parse("MemoryHigh=12.5%").number, 1250);
    EXPECT_TRUE(parse("MemoryHigh=12.5%").is_share);
    EXPECT_INT(parse("CPUQuota=150%").number, 15000);
    EXPECT_INT(parse("CPUWeight=200").number, 200);
    EXPECT_INT(parse("TasksMax=100").number, 100);
    EXPECT_STR(parse("AllowedCPUs=0-1 3").list, "0-1,3");
    EXPECT_STR(parse("AllowedCPUs=").list, "");
}

TEST(bad_values_are_refused_with_what_is_expected)
{
    struct cgroup_limit limit;

    EXPECT_FAIL(resource_parse("MemoryMax=2X", &limit, ERR), EINVAL, "'2X' is no value for MemoryMax=");
    EXPECT_HINT("bytes, with K, M, G or T");
    EXPECT_FAIL(resource_parse("MemoryMax=200%", &limit, ERR), EINVAL, "no value");
    EXPECT_FAIL(resource_parse("CPUQuota=150", &limit, ERR), EINVAL, "no value");
    EXPECT_HINT("150% is one and a half");
    EXPECT_FAIL(resource_parse("CPUQuota=0%", &limit, ERR), EINVAL, "no value");
    EXPECT_FAIL(resource_parse("IOWeight=0", &limit, ERR), EINVAL, "no value");
    EXPECT_FAIL(resource_parse("AllowedCPUs=a", &limit, ERR), EINVAL, "no value");
    EXPECT_FAIL(resource_parse("MemoryMx=1", &limit, ERR), EINVAL, "unknown limit 'MemoryMx='");
    EXPECT_HINT("did you mean MemoryMax=?");
    EXPECT_FAIL(resource_parse("MemoryMax", &limit, ERR), EINVAL, "is no assignment");
}

TESTS(RUN(values_are_read_in_their_units), RUN(bad_values_are_refused_with_what_is_expected))
