/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hot keys, line escapes, and the grammar of --console-escape=. Time is an argument: nothing here waits. */
#include <errno.h>

#include "base/mem.h"
#include "inside/escape.h"

#include "base/test.h"

/* Types TEXT at NOW_MS; checks what reaches the container and what is asked of the supervisor. */
static void expect_typed(struct escape *escape, int64_t now_ms, const char *text, const char *arrives,
                         enum console_event event)
{
    char bytes[64];
    size_t n = strlen(text);
    enum console_event got;

    assert_true(n < sizeof bytes);
    (void) memcpy(bytes, text, n + 1);
    n = escape_filter(escape, bytes, n, now_ms, &got);
    bytes[n] = '\0';
    EXPECT_STR(bytes, arrives);
    EXPECT_INT(got, event);
}

#define PARSE(text) \
    ({ \
        struct escape escape_; \
        EXPECT_OK(escape_parse((text), &escape_, ERR)); \
        escape_; \
    })

#define K "\x1d"

TEST(ordinary_bytes_pass_unchanged)
{
    struct escape escape = PARSE(NULL);

    expect_typed(&escape, 0, "ls -l ~/x\r", "ls -l ~/x\r", CONSOLE_NOTHING);
    expect_typed(&escape, 0, "", "", CONSOLE_NOTHING);
}

TEST(three_keys_in_one_read_kill_and_only_the_last_is_swallowed)
{
    struct escape escape = PARSE(NULL);

    expect_typed(&escape, 5000, "a" K K K "b", "a" K K "b", CONSOLE_KILL);
}

TEST(keys_may_come_one_at_a_time_within_a_second)
{
    struct escape escape = PARSE(NULL);

    expect_typed(&escape, 5000, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 5500, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 6000, K, "", CONSOLE_KILL);
}

TEST(keys_spread_over_more_than_a_second_are_only_typed)
{
    struct escape escape = PARSE(NULL);

    expect_typed(&escape, 5000, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 5500, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 6001, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 7002, "r", "r", CONSOLE_NOTHING);
}

TEST(a_fourth_key_counts_with_the_two_before_it)
{
    struct escape escape = PARSE(NULL);

    expect_typed(&escape, 5000, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 5900, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 6100, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 6800, K, "", CONSOLE_KILL);
}

TEST(two_keys_and_a_letter_reboot_or_power_off)
{
    struct escape escape = PARSE(NULL);

    expect_typed(&escape, 0, K K "r", K K, CONSOLE_REBOOT);
    expect_typed(&escape, 0, K K "p", K K, CONSOLE_POWEROFF);
    expect_typed(&escape, 0, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 1, K, K, CONSOLE_NOTHING);
    expect_typed(&escape, 1000, "p", "", CONSOLE_POWEROFF);
}

TEST(another_byte_between_the_keys_breaks_the_escape)
{
    struct escape escape = PARSE(NULL);

    expect_typed(&escape, 0, K K "x" K "r", K K "x" K "r", CONSOLE_NOTHING);
    expect_typed(&escape, 0, K "r" K "p", K "r" K "p", CONSOLE_NOTHING);
    expect_typed(&escape, 0, K K "R", K K "R", CONSOLE_NOTHING);
}

TEST(the_weightiest_of_several_escapes_wins)
{
    struct escape escape = PARSE(NULL);

    expect_typed(&escape, 0, K K "r" K K K K K "p", K K K K K K, CONSOLE_KILL);
}

TEST(a_configured_key_takes_the_place_of_the_default)
{
    struct escape escape = PARSE("^a");

    expect_typed(&escape, 0, K K K, K K K, CONSOLE_NOTHING);
    expect_typed(&escape, 0, "\001\001\001", "\001\001", CONSOLE_KILL);
}

TEST(none_means_that_every_byte_is_the_containers)
{
    struct escape escape = PARSE("none");

    expect_typed(&escape, 0, K K K "\r~.~R", K K K "\r~.~R", CONSOLE_NOTHING);
    EXPECT_INT(escape_filter(&escape, (char[]) {0, 0, 0}, 3, 0, &(enum console_event) {0}), 3);
}

TEST(a_line_escape_counts_only_at_the_start_of_a_line)
{
    static const struct {
        const char *typed, *arrives;
        enum console_event event;
    } cases[] = {
        {"~.", "~", CONSOLE_KILL},              {"\r~.", "\r~", CONSOLE_KILL},
        {"ls\n~.", "ls\n~", CONSOLE_KILL},      {"~R", "~", CONSOLE_REBOOT},
        {"\r~P", "\r~", CONSOLE_POWEROFF},      {"a~.", "a~.", CONSOLE_NOTHING},
        {"~a.", "~a.", CONSOLE_NOTHING},        {" ~.", " ~.", CONSOLE_NOTHING},
        {"~~.", "~.", CONSOLE_NOTHING},         {"~~~.", "~~.", CONSOLE_NOTHING},
        {"~root/", "~root/", CONSOLE_NOTHING},  {"~postgres", "~postgres", CONSOLE_NOTHING},
        {"~\r~.", "~\r~", CONSOLE_KILL},        {"~x\r~P.", "~x\r~.", CONSOLE_POWEROFF},
        {K K K, K K, CONSOLE_KILL},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct escape escape = PARSE("~.");

        expect_typed(&escape, 0, cases[i].typed, cases[i].arrives, cases[i].event);
    }
}

TEST(a_line_escape_may_be_typed_slowly_and_byte_by_byte)
{
    struct escape escape = PARSE("^A,%q");

    expect_typed(&escape, 0, "ls\r", "ls\r", CONSOLE_NOTHING);
    expect_typed(&escape, 1000, "%", "%", CONSOLE_NOTHING);
    expect_typed(&escape, 99000, "q", "", CONSOLE_KILL);
    expect_typed(&escape, 99000, "%q", "%q", CONSOLE_NOTHING);
}

TEST(the_grammar_refuses_what_it_does_not_name)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "'' is not a console escape: each item has two characters"},
        {"~", "'~' is not a console escape: each item has two characters"},
        {"~..", "each item has two characters"},
        {"~.,", "each item has two characters"},
        {",~.", "each item has two characters"},
        {"None", "each item has two characters"},
        {"none,~.", "each item has two characters"},
        {"~.,%q", "'~.,%q' is not a console escape: it has two items of one kind"},
        {"^A,^B", "it has two items of one kind"},
        {"^1", "'^1' is not a console escape: behind ^ goes a letter or one of [\\]^_?"},
        {"^@", "behind ^ goes"},
        {"^ ", "behind ^ goes"},
        {"^M", "'^M' is not a console escape: it would be the Enter key"},
        {"^j", "it would be the Enter key"},
        {"a.", "'a.' is not a console escape: it has to begin with a punctuation character"},
        {" .", "it has to begin with a punctuation character"},
        {"\303\244", "it has to begin with a punctuation character"},
        {"~~", "'~~' is not a console escape: its second character has another meaning"},
        {"~R", "its second character has another meaning"},
        {"~P", "its second character has another meaning"},
        {"~ ", "its second character has another meaning"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct escape escape = {.key = 1};

        EXPECT_FAIL(escape_parse(cases[i].text, &escape, ERR), EINVAL, cases[i].says);
        EXPECT_INT(escape.key, 1);
    }
    EXPECT_FAIL(escape_parse("x", &(struct escape) {0}, ERR), EINVAL, "'x'");
    EXPECT_HINT("'^A,~.'");
}

TEST(the_grammar_takes_every_control_key_it_names)
{
    static const struct {
        const char *text;
        int key, mark, finish;
    } cases[] = {
        {NULL, 0x1d, 0, 0}, {"none", 0, 0, 0},       {"^]", 0x1d, 0, 0},    {"^a", 1, 0, 0},        {"^Z", 26, 0, 0},
        {"^[", 0x1b, 0, 0}, {"^\\", 0x1c, 0, 0},     {"^^", 0x1e, 0, 0},    {"^_", 0x1f, 0, 0},     {"^?", 0x7f, 0, 0},
        {"~.", 0x1d, '~', '.'}, {"%q,^b", 2, '%', 'q'}, {"^T,&^", 0x14, '&', '^'},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct escape escape = PARSE(cases[i].text);

        EXPECT_INT(escape.key, cases[i].key);
        EXPECT_INT(escape.mark, cases[i].mark);
        EXPECT_INT(escape.finish, cases[i].finish);
    }
}

TEST(the_banner_names_the_keys_that_work)
{
    char text[ESCAPE_BANNER_SIZE];
    struct escape escape = PARSE(NULL);
    size_t n = escape_banner(&escape, text);

    EXPECT_STR(text, "Press Ctrl-] three times within 1s to kill container; two times followed by r\n"
                     "to reboot container; two times followed by p to poweroff container.\n");
    EXPECT_INT(n, strlen(text));

    escape = PARSE("^?,~.");
    n = escape_banner(&escape, text);
    assert_non_null(strstr(text, "Ctrl-? three times"));
    assert_non_null(strstr(text, "type ~. to kill container, ~R to reboot it,\n~P to power it off.\n"));
    EXPECT_INT(n, strlen(text));

    escape = PARSE("none");
    EXPECT_INT(escape_banner(&escape, text), 0);
    EXPECT_STR(text, "");
}

TESTS(RUN(ordinary_bytes_pass_unchanged), RUN(three_keys_in_one_read_kill_and_only_the_last_is_swallowed),
      RUN(keys_may_come_one_at_a_time_within_a_second), RUN(keys_spread_over_more_than_a_second_are_only_typed),
      RUN(a_fourth_key_counts_with_the_two_before_it), RUN(two_keys_and_a_letter_reboot_or_power_off),
      RUN(another_byte_between_the_keys_breaks_the_escape), RUN(the_weightiest_of_several_escapes_wins),
      RUN(a_configured_key_takes_the_place_of_the_default), RUN(none_means_that_every_byte_is_the_containers),
      RUN(a_line_escape_counts_only_at_the_start_of_a_line),
      RUN(a_line_escape_may_be_typed_slowly_and_byte_by_byte), RUN(the_grammar_refuses_what_it_does_not_name),
      RUN(the_grammar_takes_every_control_key_it_names), RUN(the_banner_names_the_keys_that_work))
