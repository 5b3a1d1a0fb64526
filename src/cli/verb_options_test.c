/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That words are read as getopt_long(3) would read them. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "cli/verb.h"

#include "base/test.h"

static int read_words(enum program program, const char *text, struct verb_words *ret, struct error **err)
{
    static char storage[64][64], *argv[65];
    CLEANUP(strings_done) struct strings words = {0};

    strings_split(&words, text, " ");
    for (size_t i = 0; i < words.count && i < 64; i++) {
        (void) snprintf(storage[i], sizeof storage[i], "%s", words.item[i]);
        argv[i] = storage[i];
    }
    argv[words.count] = NULL;
    return verb_options_read(program, (int) words.count, argv, ret, err);
}

TEST(options_stand_anywhere_until_two_dashes)
{
    CLEANUP(verb_words_done) struct verb_words words;

    EXPECT_OK(read_words(PROGRAM_MACHINECTL, "machinectl -qa list --no-leg x --max-addresses all -- -n", &words, ERR));
    EXPECT_TRUE(words.options.quiet && words.options.all && words.options.no_legend);
    EXPECT_TRUE(words.options.max_addresses == UINT_MAX);
    EXPECT_INT(words.argc, 3);
    EXPECT_STR(words.argv[0], "list");
    EXPECT_STR(words.argv[2], "-n");
}

TEST(the_defaults_are_those_of_the_manual)
{
    CLEANUP(verb_words_done) struct verb_words words;

    EXPECT_OK(read_words(PROGRAM_MACHINECTL, "machinectl", &words, ERR));
    EXPECT_INT(words.argc, 0);
    EXPECT_INT(words.options.lines, 10);
    EXPECT_INT(words.options.max_addresses, 1);
    EXPECT_INT(words.options.signal, 15);
    EXPECT_STR(words.options.kill_whom, "all");
    EXPECT_INT(words.options.keep_download, -1);
}

TEST(full_shows_all_addresses_unless_a_number_is_given)
{
    CLEANUP(verb_words_done) struct verb_words words, other;

    EXPECT_OK(read_words(PROGRAM_MACHINECTL, "machinectl -l", &words, ERR));
    EXPECT_TRUE(words.options.max_addresses == UINT_MAX);
    EXPECT_OK(read_words(PROGRAM_MACHINECTL, "machinectl --max-addresses=3 -l", &other, ERR));
    EXPECT_INT(other.options.max_addresses, 3);
}

TEST(values_are_joined_or_the_next_word)
{
    CLEANUP(verb_words_done) struct verb_words words;

    EXPECT_OK(read_words(PROGRAM_MACHINECTL, "machinectl -p Name,Id -pState -n5 -s KILL -E A=1 -E A=2 show", &words,
                         ERR));
    EXPECT_INT(words.options.properties.count, 3);
    EXPECT_STR(words.options.properties.item[1], "Id");
    EXPECT_INT(words.options.lines, 5);
    EXPECT_INT(words.options.signal, 9);
    EXPECT_INT(words.options.environment.count, 1);
    EXPECT_STR(words.options.environment.item[0], "A=2");
}

TEST(one_letter_means_what_the_program_says)
{
    CLEANUP(verb_words_done) struct verb_words machinectl, importctl;

    EXPECT_OK(read_words(PROGRAM_MACHINECTL, "machinectl -P State show", &machinectl, ERR));
    EXPECT_TRUE(machinectl.options.value_only && machinectl.options.properties.count == 1);
    EXPECT_OK(read_words(PROGRAM_IMPORTCTL, "importctl -P list-images", &importctl, ERR));
    EXPECT_STR(importctl.options.class, "portable");
}

TEST(what_cannot_be_read_is_named)
{
    static const struct {
        enum program program;
        const char *text, *sentence;
    } rows[] = {
        {PROGRAM_MACHINECTL, "machinectl --json", "unrecognized option '--json'"},
        {PROGRAM_MACHINECTL, "machinectl -X", "invalid option -- 'X'"},
        {PROGRAM_MACHINECTL, "machinectl --no", "option '--no' is ambiguous"},
        {PROGRAM_MACHINECTL, "machinectl --quiet=yes", "option '--quiet' doesn't allow an argument"},
        {PROGRAM_MACHINECTL, "machinectl --lines", "option '--lines' requires an argument"},
        {PROGRAM_MACHINECTL, "machinectl -n", "option requires an argument -- 'n'"},
        {PROGRAM_MACHINECTL, "machinectl --max-addresses=foo", "Invalid number of addresses: foo"},
        {PROGRAM_MACHINECTL, "machinectl --runner=x", "Failed to parse --runner= setting: x"},
        {PROGRAM_MACHINECTL, "machinectl --verify=x", "Failed to parse --verify= setting: x"},
        {PROGRAM_IMPORTCTL, "importctl --format=x", "Unknown format: x"},
        {PROGRAM_IMPORTCTL, "importctl --class=x", "Failed to parse --class= parameter: x"},
        {PROGRAM_REDD, "redd version --kill-whom=all", "unrecognized option '--kill-whom'"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(verb_words_done) struct verb_words words;

        EXPECT_FAIL(read_words(rows[i].program, rows[i].text, &words, ERR), EINVAL, rows[i].sentence);
    }
}

/* A word that names no row could never be said, and nobody would notice. */
TEST(options_that_verbs_name_exist)
{
    for (size_t i = 0; i < n_verbs; i++) {
        CLEANUP(strings_done) struct strings words = {0};

        if (!(verb_table[i].programs & PROGRAM_REDD) || verb_table[i].flags & VERB_RAW)
            continue;
        strings_split(&words, verb_table[i].options, " ");
        for (size_t k = 0; k < words.count; k++) {
            auto_free char *text = mem_format("redd %s %s%s", verb_table[i].name, words.item[k][1] ? "--" : "-",
                                              words.item[k]);
            CLEANUP(verb_words_done) struct verb_words said = {0};
            auto_error struct error *err = NULL;

            /* one that wants a value gets none here, which is another error */
            if (read_words(PROGRAM_REDD, text, &said, &err) < 0 &&
                (!error_id(err) || strcmp(error_id(err), "R1013") != 0))
                fail_msg("'%s': %s", text, error_text(err));
        }
    }
}

TESTS(RUN(options_stand_anywhere_until_two_dashes), RUN(the_defaults_are_those_of_the_manual),
      RUN(full_shows_all_addresses_unless_a_number_is_given), RUN(values_are_joined_or_the_next_word),
      RUN(one_letter_means_what_the_program_says), RUN(what_cannot_be_read_is_named),
      RUN(options_that_verbs_name_exist))
