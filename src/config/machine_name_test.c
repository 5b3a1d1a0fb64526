/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of machines: which are valid, which are near, and what a tree's name becomes. */
#include "config/machine_name.h"

#include <errno.h>

#include "base/mem.h"
#include "base/strings.h"
#include "base/test.h"

#define SIXTY "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

TEST(names_are_labels_of_letters_digits_and_hyphens)
{
    static const char *const good[] = {"web", "web1", "a.b", "A-b.C", "1.2", SIXTY "abcd"};
    static const char *const bad[] = {"",   "a_b", "a..b", ".a",  "a.",  "-a", "a-", "a.-b",
                                      "a-.b", "a/b", "a b", "\xc3\xa4", SIXTY "abcde"};

    for (size_t i = 0; i < COUNT_OF(good); i++)
        EXPECT_TRUE(machine_name_is_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_TRUE(!machine_name_is_valid(bad[i]));
}

TEST(a_refused_name_comes_with_reason_and_nearest_name)
{
    EXPECT_OK(machine_name_check("web", ERR));
    EXPECT_FAIL(machine_name_check("under_score", ERR), EINVAL, "'_' is not allowed");
    EXPECT_HINT("the nearest valid name is 'under-score'");
    EXPECT_FAIL(machine_name_check("bad/name", ERR), EINVAL, "'/' is not allowed");
    EXPECT_HINT("'bad-name'");
    EXPECT_FAIL(machine_name_check("my web server", ERR), EINVAL, "' ' is not allowed");
    EXPECT_HINT("'my-web-server'");
    EXPECT_FAIL(machine_name_check("-a-", ERR), EINVAL, "a hyphen may not stand at either end");
    EXPECT_HINT("'a'");
    EXPECT_FAIL(machine_name_check("a..b", ERR), EINVAL, "a dot must have a label on both sides");
    EXPECT_HINT("'a.b'");
    EXPECT_FAIL(machine_name_check(SIXTY "abcde", ERR), EINVAL, "longer than 64");
    EXPECT_HINT("'" SIXTY "abcd'");
    EXPECT_FAIL(machine_name_check("", ERR), EINVAL, "it is empty");
    EXPECT_TRUE(!error_hint(*err_));
    EXPECT_FAIL(machine_name_check("\xc3\xa4", ERR), EINVAL, "only ASCII letters");
    EXPECT_FAIL(machine_name_check("a\x1b[2J", ERR), EINVAL, "only ASCII letters");
    EXPECT_FAIL(machine_name_check("___", ERR), EINVAL, "'_' is not allowed");
    EXPECT_TRUE(!error_hint(*err_));
}

TEST(a_trees_name_loses_what_a_machine_name_cannot_hold)
{
    static const struct {
        const char *path, *name;
    } cases[] = {
        {"/srv/web", "web"},        {"/srv/a_b", "ab"},       {"/srv/foo.raw", "foo.raw"}, {"/srv/.foo", "foo"},
        {"/srv/a..b", "a.b"},       {"/srv/-a-", "a"},        {"/srv/a b", "ab"},          {"/srv/a.", "a"},
        {"/srv/a.-b", "a.b"},       {"/srv/a-.b", "a-b"},     {"/srv/foo___1.2", "foo1.2"}, {"/srv/A.B", "A.B"},
        {"/srv/" SIXTY "gggggggggg", SIXTY "gggg"},           {"/srv/" SIXTY "ggg-ggg", SIXTY "ggg"},
        {"/srv/_", NULL},           {"/srv/\xc3\xa4", NULL},  {"/", NULL},                 {"/srv/..", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        auto_free char *name = machine_name_from_directory(cases[i].path);

        EXPECT_TRUE(string_equal(name, cases[i].name));
        EXPECT_TRUE(!name || machine_name_is_valid(name));
    }
}

TEST(an_images_name_loses_its_suffix_first)
{
    static const struct {
        const char *path, *name;
    } cases[] = {{"/i/web.raw", "web"},       {"/i/web.img", "web"}, {"/i/web.mstack", "web"},
                 {"/i/web.1.raw", "web.1"},   {"/dev/sda", "sda"},   {"/i/.raw", NULL}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        auto_free char *name = machine_name_from_image(cases[i].path);

        EXPECT_TRUE(string_equal(name, cases[i].name));
    }
}

TEST(user_names_are_those_of_useradd)
{
    static const char *const good[] = {"a", "_x", "A", "a_b-c", "abcdefghijklmnopqrstuvwxyzabcde"};
    static const char *const bad[] = {"", "0", "1a", "-x", "a.b", "a$", "a b", "a/b", "a:b", "\xc3\xa9",
                                      "abcdefghijklmnopqrstuvwxyzabcdef"};

    for (size_t i = 0; i < COUNT_OF(good); i++)
        EXPECT_TRUE(user_name_is_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_TRUE(!user_name_is_valid(bad[i]));
}

TESTS(RUN(names_are_labels_of_letters_digits_and_hyphens), RUN(a_refused_name_comes_with_reason_and_nearest_name),
      RUN(a_trees_name_loses_what_a_machine_name_cannot_hold), RUN(an_images_name_loses_its_suffix_first),
      RUN(user_names_are_those_of_useradd))
