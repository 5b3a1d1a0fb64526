/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/host_check.h"

#include "base/mem.h"
#include "base/test.h"

TEST(kernels_are_compared_by_number)
{
    EXPECT_TRUE(check_release_is("6.1.0-18-amd64", 5, 12));
    EXPECT_TRUE(check_release_is("5.12", 5, 12));
    EXPECT_TRUE(!check_release_is("5.4.0-generic", 5, 12));
    EXPECT_TRUE(!check_release_is("4.19", 5, 12));
    EXPECT_TRUE(!check_release_is("", 5, 12));
}

TEST(user_in_the_range_of_machines_is_found)
{
    static const char passwd[] = "root:x:0:0::/root:/bin/sh\nodd\nbig:x:600000:100::/:/bin/sh\nlast:x:7:7:::\n";
    auto_free char *user = check_find_user_in(passwd, 524288, 1879048191);

    EXPECT_STR(user, "big");
    EXPECT_TRUE(!check_find_user_in(passwd, 8, 500000));
}

TEST(every_finding_that_is_not_well_has_a_remedy)
{
    CLEANUP(check_results_done) struct check_results results = {0};
    const struct registry registry = {.folder = "/nonexistent/machines"};

    host_check(&registry, "/nonexistent/images", &results);
    EXPECT_TRUE(results.count > 15);
    for (size_t i = 0; i < results.count; i++) {
        EXPECT_TRUE(results.item[i].finding && *results.item[i].finding);
        if (results.item[i].status != CHECK_OK && !results.item[i].remedy)
            fail_msg("%s: %s has no remedy", results.item[i].name, results.item[i].finding);
    }
}

TESTS(RUN(kernels_are_compared_by_number), RUN(user_in_the_range_of_machines_is_found),
      RUN(every_finding_that_is_not_well_has_a_remedy))
