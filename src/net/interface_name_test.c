/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Long names of interfaces become short ones that differ. */
#include "net/interface_name.h"

#include "base/test.h"

TEST(a_name_of_fifteen_characters_stays_as_it_is)
{
    char name[INTERFACE_NAME_SIZE];

    EXPECT_TRUE(!interface_name_shorten("ve-twelvechars1", true, name));
    EXPECT_STR(name, "ve-twelvechars1");
    EXPECT_TRUE(!interface_name_shorten("ve-a", true, name));
    EXPECT_STR(name, "ve-a");
}

TEST(a_longer_one_keeps_eleven_and_gets_four_that_are_always_the_same)
{
    static const struct {
        const char *name, *wanted;
    } rows[] = {
        {"ve-averyveryverylongname", "ve-averyveryIVL"},
        {"ve-averyveryverylongnamf", "ve-averyverFCjD"},
        {"ve-thirteenchr13", "ve-thirteen3ozG"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[INTERFACE_NAME_SIZE];

        EXPECT_TRUE(interface_name_shorten(rows[i].name, true, name));
        EXPECT_STR(name, rows[i].wanted);
        EXPECT_TRUE(interface_name_is_valid(name));
    }
}

TEST(names_that_differ_behind_the_cut_stay_apart)
{
    char names[200][INTERFACE_NAME_SIZE];

    for (int i = 0; i < 200; i++) {
        char text[40];

        (void) snprintf(text, sizeof text, "ve-averyveryverylongname-%d", i);
        EXPECT_TRUE(interface_name_shorten(text, true, names[i]));
        EXPECT_TRUE(strlen(names[i]) == INTERFACE_NAME_MAX);
        EXPECT_TRUE(strncmp(names[i], "ve-averyver", 11) == 0);
        EXPECT_TRUE(strspn(names[i] + 11, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == 4);
        for (int j = 0; j < i; j++)
            EXPECT_TRUE(strcmp(names[i], names[j]) != 0);
    }
}

TEST(the_old_scheme_cuts)
{
    char name[INTERFACE_NAME_SIZE];

    EXPECT_TRUE(interface_name_shorten("ve-averyveryverylongname", false, name));
    EXPECT_STR(name, "ve-averyveryver");
    EXPECT_TRUE(!interface_name_scheme_has_hashes("v243"));
    EXPECT_TRUE(!interface_name_scheme_has_hashes("v238"));
    EXPECT_TRUE(interface_name_scheme_has_hashes("v245"));
    EXPECT_TRUE(interface_name_scheme_has_hashes("latest"));
    EXPECT_TRUE(interface_name_scheme_has_hashes(NULL));
}

TESTS(RUN(a_name_of_fifteen_characters_stays_as_it_is),
      RUN(a_longer_one_keeps_eleven_and_gets_four_that_are_always_the_same),
      RUN(names_that_differ_behind_the_cut_stay_apart), RUN(the_old_scheme_cuts))
