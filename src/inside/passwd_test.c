/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/passwd.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/strings.h"
#include "base/test.h"
#include "inside/test_tree.h"

static int parse_passwd(const char *text, struct passwd_entry *ret)
{
    static char line[256];

    (void) snprintf(line, sizeof line, "%s", text);
    return passwd_entry_parse(line, ret);
}

static int parse_group(const char *text, struct group_entry *ret)
{
    static char line[256];

    (void) snprintf(line, sizeof line, "%s", text);
    return group_entry_parse(line, ret);
}

TEST(a_passwd_line_has_seven_fields)
{
    struct passwd_entry entry;

    assert_int_equal(parse_passwd("joe:x:1000:100:Joe D,room 5:/home/joe:/bin/zsh", &entry), 0);
    EXPECT_STR(entry.name, "joe");
    EXPECT_STR(entry.password, "x");
    EXPECT_INT(entry.uid, 1000);
    EXPECT_INT(entry.gid, 100);
    EXPECT_STR(entry.gecos, "Joe D,room 5");
    EXPECT_STR(entry.home, "/home/joe");
    EXPECT_STR(entry.shell, "/bin/zsh");
}

TEST(a_passwd_line_may_lack_what_follows_the_group)
{
    struct passwd_entry entry;

    assert_int_equal(parse_passwd("joe::1:2", &entry), 0);
    EXPECT_STR(entry.home, "");
    EXPECT_STR(entry.shell, "");
    EXPECT_INT(entry.gid, 2);
}

TEST(what_is_no_passwd_entry_is_refused)
{
    static const char *const bad[] = {
        "", "joe", "joe:x", "joe:x:1", ":x:1:1:::", "#joe:x:1:1:::", "+joe:x:1:1:::", "-joe:x:1:1:::", "+", "+::::::",
        "joe:x:-1:1:::", "joe:x:a:1:::", "joe:x:1:b:::", "joe:x::1:::", "joe:x:1::::", "joe:x:4294967295:1:::",
        "joe:x:1:4294967295:::", "joe:x:4294967296:1:::", "joe:x:0x1:1:::", "joe:x: 1:1:::",
    };
    struct passwd_entry entry;

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (parse_passwd(bad[i], &entry) != -EINVAL)
            fail_msg("'%s' was taken for an entry", bad[i]);
}

TEST(a_group_line_lists_members)
{
    struct group_entry group;

    assert_int_equal(parse_group("wheel:x:10:root, joe ,ann", &group), 0);
    EXPECT_INT(group.gid, 10);
    assert_true(group_entry_has_member(&group, "root"));
    assert_true(group_entry_has_member(&group, "joe"));
    assert_true(group_entry_has_member(&group, "ann"));
    assert_false(group_entry_has_member(&group, "an"));
    assert_false(group_entry_has_member(&group, "roo"));
    assert_false(group_entry_has_member(&group, "oot"));
    assert_false(group_entry_has_member(&group, ""));
    assert_int_equal(parse_group("empty:x:11", &group), 0);
    assert_false(group_entry_has_member(&group, "root"));
    assert_int_equal(parse_group("bad:x:y:root", &group), -EINVAL);
    assert_int_equal(parse_group("bad:x", &group), -EINVAL);
}

TEST(lines_come_one_by_one_with_and_without_a_last_newline)
{
    int tree = test_tree();
    struct file_lines lines;
    char *line;

    test_write(tree, "f", "one\n\nthree");
    assert_int_equal(file_lines_open_in(&lines, tree, "f"), 0);
    assert_int_equal(file_lines_next(&lines, &line), 1);
    EXPECT_STR(line, "one");
    assert_int_equal(file_lines_next(&lines, &line), 1);
    EXPECT_STR(line, "");
    assert_int_equal(file_lines_next(&lines, &line), 1);
    EXPECT_STR(line, "three");
    assert_int_equal(file_lines_next(&lines, &line), 0);
    assert_int_equal(file_lines_next(&lines, &line), 0);
    file_lines_done(&lines);

    test_write(tree, "empty", "");
    assert_int_equal(file_lines_open_in(&lines, tree, "empty"), 0);
    assert_int_equal(file_lines_next(&lines, &line), 0);
    file_lines_done(&lines);
}

TEST(lines_longer_than_the_window_are_whole_and_endless_ones_are_passed_over)
{
    int tree = test_tree();
    size_t long_size = 100000, endless_size = PASSWD_LINE_MAX + 70000;
    auto_free char *text = mem_alloc(long_size + endless_size + 64);
    struct file_lines lines;
    char *line, *out = text;

    memset(out, 'a', long_size);
    out += long_size;
    out += sprintf(out, "\nbefore\n");
    memset(out, 'b', endless_size);
    out += endless_size;
    (void) sprintf(out, "\nafter\n");
    test_write(tree, "f", text);

    assert_int_equal(file_lines_open_in(&lines, tree, "f"), 0);
    assert_int_equal(file_lines_next(&lines, &line), 1);
    assert_int_equal(strlen(line), long_size);
    assert_int_equal(strspn(line, "a"), long_size);
    assert_int_equal(file_lines_next(&lines, &line), 1);
    EXPECT_STR(line, "before");
    assert_int_equal(file_lines_next(&lines, &line), 1);
    EXPECT_STR(line, "after");
    assert_int_equal(file_lines_next(&lines, &line), 0);
    file_lines_done(&lines);
}

TEST(a_large_file_needs_memory_for_a_line_only)
{
    int tree = test_tree();
    enum { N = 20000 };
    auto_free char *text = mem_alloc(N * 40);
    struct file_lines lines;
    char *line, *out = text;
    struct passwd_entry entry;

    for (int i = 0; i < N; i++)
        out += sprintf(out, "user%d:x:%d:100::/home:/bin/sh\n", i, 1000 + i);
    test_write(tree, "f", text);
    assert_int_equal(file_lines_open_in(&lines, tree, "f"), 0);
    assert_int_equal(file_lines_next_with_key(&lines, "user19999", &line), 1);
    assert_int_equal(passwd_entry_parse(line, &entry), 0);
    EXPECT_INT(entry.uid, 20999);
    assert_true(lines.size <= 16384);
    file_lines_done(&lines);
}

TEST(a_key_is_the_whole_first_field)
{
    int tree = test_tree();
    struct file_lines lines;
    char *line;

    test_write(tree, "f", "joey:1\n joe:2\njo:3\njoe\njoe:4\n");
    assert_int_equal(file_lines_open_in(&lines, tree, "f"), 0);
    assert_int_equal(file_lines_next_with_key(&lines, "joe", &line), 1);
    EXPECT_STR(line, "joe:4");
    assert_int_equal(file_lines_next_with_key(&lines, "joe", &line), 0);
    file_lines_done(&lines);
}

TEST(bad_lines_are_passed_over)
{
    struct file_lines lines;
    struct passwd_entry entry;
    struct group_entry group;

    file_lines_of_text(&lines, mem_copy_string("# comment\n+::::::\nbad\n\nok:x:5:6:::\n"));
    assert_int_equal(passwd_next(&lines, &entry), 1);
    EXPECT_STR(entry.name, "ok");
    assert_int_equal(passwd_next(&lines, &entry), 0);
    file_lines_done(&lines);

    file_lines_of_text(&lines, mem_copy_string("nope\ng:x:7:"));
    assert_int_equal(group_next(&lines, &group), 1);
    EXPECT_INT(group.gid, 7);
    assert_int_equal(group_next(&lines, &group), 0);
    file_lines_done(&lines);
}

TEST(only_regular_files_inside_the_tree_are_read)
{
    int tree = test_tree();
    struct file_lines lines;

    assert_int_equal(mkfifoat(tree, "fifo", 0644), 0);
    test_folder(tree, "folder");
    test_link(tree, "out", "/etc/passwd");
    test_link(tree, "up", "../../../../../../etc/passwd");
    test_link(tree, "magic", "/proc/self/fd/0");
    test_link(tree, "loop", "loop");
    test_link(tree, "inside", "/real");
    test_write(tree, "real", "x");

    assert_int_equal(file_lines_open_in(&lines, tree, "fifo"), -EINVAL);
    file_lines_done(&lines);
    assert_int_equal(file_lines_open_in(&lines, tree, "folder"), -EINVAL);
    file_lines_done(&lines);
    assert_int_equal(file_lines_open_in(&lines, tree, "out"), -ENOENT);
    file_lines_done(&lines);
    assert_int_equal(file_lines_open_in(&lines, tree, "up"), -ENOENT);
    file_lines_done(&lines);
    assert_int_equal(file_lines_open_in(&lines, tree, "magic"), -ENOENT);
    file_lines_done(&lines);
    assert_int_equal(file_lines_open_in(&lines, tree, "loop"), -ELOOP);
    file_lines_done(&lines);
    assert_int_equal(file_lines_open_in(&lines, tree, "inside"), 0);
    file_lines_done(&lines);
}

TEST(names_that_are_no_account_names_are_refused)
{
    static const char *const good[] = {"joe", "a.b", "joe_2",       "0day",           "pc$",
                                       "UP",  "a@b", "j\xc3\xb6rg", "systemd-network"};
    static const char *const bad[] = {"",    "-u",  ".",    "..",   ".hidden", "1000", "0",   "a:b",
                                      "a/b", "a b", "a\nb", "a\tb", "../x",    "a\\b", "a,b", "*"};
    char long_name[258];

    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (!account_name_is_valid(good[i]))
            fail_msg("'%s' was refused", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (account_name_is_valid(bad[i]))
            fail_msg("'%s' was accepted", bad[i]);
    memset(long_name, 'a', sizeof long_name);
    long_name[256] = '\0';
    assert_false(account_name_is_valid(long_name));
    long_name[255] = '\0';
    assert_true(account_name_is_valid(long_name));
}

TESTS(RUN(a_passwd_line_has_seven_fields), RUN(a_passwd_line_may_lack_what_follows_the_group),
      RUN(what_is_no_passwd_entry_is_refused), RUN(a_group_line_lists_members),
      RUN(lines_come_one_by_one_with_and_without_a_last_newline),
      RUN(lines_longer_than_the_window_are_whole_and_endless_ones_are_passed_over),
      RUN(a_large_file_needs_memory_for_a_line_only), RUN(a_key_is_the_whole_first_field),
      RUN(bad_lines_are_passed_over), RUN(only_regular_files_inside_the_tree_are_read),
      RUN(names_that_are_no_account_names_are_refused))
