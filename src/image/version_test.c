/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Order of versions, and picking from versioned folders. */
#include "image/version.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/architecture.h"

#include "base/test.h"

#include "image/test_fs.h"

static int order(const char *a, const char *b)
{
    int r = version_compare(a, strlen(a), b, strlen(b));

    return (r > 0) - (r < 0);
}

TEST(versions_of_the_specification_are_in_order)
{
    static const char *const sorted[] = {
        "",       "~1",        "122.1",  "123~rc1-1", "123",      "123-a",   "123-a.1", "123-1",  "123-1.1",
        "123^post1", "123.a-1", "123.1-1", "123a-1",  "124-1",
    };

    (void) sorted;
    for (size_t i = 2; i < COUNT_OF(sorted); i++)
        for (size_t j = 2; j < COUNT_OF(sorted); j++)
            if (order(sorted[i], sorted[j]) != (i > j) - (i < j))
                fail_msg("'%s' and '%s': %d", sorted[i], sorted[j], order(sorted[i], sorted[j]));
    EXPECT_INT(order("~1", ""), -1);
}

TEST(numbers_in_versions_are_numbers_of_any_length)
{
    EXPECT_INT(order("9", "10"), -1);
    EXPECT_INT(order("1.009", "1.9"), 0);
    EXPECT_INT(order("123456789012345678901234567890", "123456789012345678901234567891"), -1);
    EXPECT_INT(order("1_2", "1+2"), 0);         /* what stands between does not count */
    EXPECT_INT(order("a", "1"), -1);
    EXPECT_INT(order("B", "a"), -1);
}

static void make(const char *folder, const char *name, bool directory)
{
    auto_free char *path = mem_format("%s/%s", folder, name);

    if (directory)
        EXPECT_INT(mkdir(path, 0755), 0);
    else
        EXPECT_INT(mknod(path, S_IFREG | 0644, 0), 0);
}

static char *new_folder(const char *name)
{
    char *path = mem_format("%s/%s", test_folder(), name);

    EXPECT_INT(mkdir(path, 0755), 0);
    return path;
}

TEST(the_newest_version_that_runs_here_is_picked)
{
    auto_free char *folder = new_folder("mymachine.raw.v"), *picked = NULL, *native = NULL, *used_up = NULL;

    make(folder, "mymachine_7.5.13.raw", false);
    make(folder, "mymachine_7.6.0_ia64.raw", false);
    make(folder, "mymachine_9.raw", true);      /* of the wrong kind */
    make(folder, "other_8.raw", false);
    native = mem_format("mymachine_7.5.14_%s.raw", architecture_native());
    used_up = mem_format("mymachine_7.7.0_%s+0-5.raw", architecture_native());
    make(folder, native, false);
    make(folder, used_up, false);
    EXPECT_INT(version_pick(folder, S_IFREG, ".raw", &picked, ERR), 1);
    EXPECT_TRUE(strstr(picked, native));

    make(folder, "mymachine_7.8+3.raw", false);
    free(TAKE(picked));
    EXPECT_INT(version_pick(folder, S_IFREG, ".raw", &picked, ERR), 1);
    EXPECT_TRUE(strstr(picked, "mymachine_7.8+3.raw"));
}

TEST(a_version_whose_tries_are_used_up_is_better_than_none)
{
    auto_free char *folder = new_folder("last.v"), *picked = NULL;

    make(folder, "last_2+0-3", true);
    EXPECT_INT(version_pick(folder, S_IFDIR, "", &picked, ERR), 1);
    EXPECT_TRUE(strstr(picked, "/last.v/last_2+0-3"));
}

TEST(a_pattern_names_what_to_pick_from)
{
    auto_free char *folder = new_folder("pool.v"), *picked = NULL;
    auto_free char *pattern = mem_format("%s/web___.tree", folder), *nothing = mem_format("%s/db___", folder);

    make(folder, "web_1.tree", true);
    make(folder, "web_10.tree", true);
    make(folder, "web_9.tree", true);
    EXPECT_INT(version_pick(pattern, S_IFDIR, "", &picked, ERR), 1);
    EXPECT_TRUE(strstr(picked, "/web_10.tree"));
    EXPECT_FAIL(version_pick(nothing, S_IFDIR, "", &picked, ERR), ENOENT, "No matching entries in versioned directory");
    EXPECT_HINT("db_VERSION");
}

TEST(other_paths_are_not_versioned)
{
    char *picked = NULL;

    EXPECT_INT(version_pick("/srv/web", S_IFDIR, "", &picked, ERR), 0);
    EXPECT_INT(version_pick("/srv/web___x", S_IFDIR, "", &picked, ERR), 0);
    EXPECT_INT(version_pick("/nowhere/web.v", S_IFDIR, "", &picked, ERR), 0);
    EXPECT_INT(version_pick("/srv/web.v", S_IFREG, ".raw", &picked, ERR), 0);
    EXPECT_TRUE(!picked);
}

TESTS(RUN(versions_of_the_specification_are_in_order), RUN(numbers_in_versions_are_numbers_of_any_length),
      RUN(the_newest_version_that_runs_here_is_picked), RUN(a_version_whose_tries_are_used_up_is_better_than_none),
      RUN(a_pattern_names_what_to_pick_from), RUN(other_paths_are_not_versioned))
