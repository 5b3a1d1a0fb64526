/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors, strings, words, paths, ids: what everything else stands on. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/fd.h"
#include "base/id128.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "base/test.h"

TEST(an_error_chain_reads_as_one_sentence)
{
    auto_error struct error *err = NULL;

    EXPECT_INT(fail(&err, ENOENT, "cannot open %s", "/x"), -ENOENT);
    EXPECT_INT(fail_in(&err, "cannot start '%s'", "web"), -ENOENT);
    fail_hint(err, "first");
    fail_hint(err, "second");
    fail_id(err, "R1001");
    EXPECT_STR(error_text(err), "cannot start 'web': cannot open /x: No such file or directory");
    EXPECT_STR(error_hint(err), "first");
    EXPECT_STR(error_id(err), "R1001");
}

TEST(an_error_crosses_a_socket_whole_or_cut_but_never_without_its_code)
{
    auto_error struct error *err = NULL, *copy = NULL, *cut = NULL;
    char buffer[64], small[16];

    (void) fail_plain(&err, EBUSY, "a sentence of some length");
    fail_hint(err, "wait");
    fail_id(err, "R2101");
    EXPECT_INT(error_unpack(&copy, buffer, error_pack(err, buffer, sizeof buffer)), -EBUSY);
    EXPECT_STR(error_text(copy), "a sentence of some length");
    EXPECT_STR(error_hint(copy), "wait");
    EXPECT_STR(error_id(copy), "R2101");
    EXPECT_INT(error_unpack(&cut, small, error_pack(err, small, sizeof small)), -EBUSY);
}

TEST(texts_are_formatted_as_the_library_would)
{
    auto_free char *simple = mem_format("%s/%u %d%d:%llu%s", "a b", 4294967295u, -2147483647 - 1, 0, ~0ull, "");
    auto_free char *other = mem_format("100%% %5s|%02x|%s", "x", 10, (const char *) "y");
    auto_free char *absent = mem_format("%s", getenv("REDD_TEST_NEVER_SET"));
    auto_free char *empty = mem_format("%s", "");
    CLEANUP(strings_done) struct strings list = {0};

    EXPECT_STR(simple, "a b/4294967295 -21474836480:18446744073709551615");
    EXPECT_STR(other, "100%     x|0a|y");
    EXPECT_STR(absent, "(null)");
    EXPECT_STR(empty, "");
    strings_add_format(&list, "%s=%c", "k", 'v');
    EXPECT_STR(list.item[0], "k=v");
}

TEST(numbers_are_refused_when_they_overflow_or_carry_text)
{
    uint32_t u;
    int32_t i;

    EXPECT_INT(parse_u32("4294967295", &u), 0);
    EXPECT_INT(u, UINT32_MAX);
    EXPECT_INT(parse_u32("4294967296", &u), -ERANGE);
    EXPECT_INT(parse_u32("", &u), -EINVAL);
    EXPECT_INT(parse_u32("1x", &u), -EINVAL);
    EXPECT_INT(parse_i32("-1000", &i), 0);
    EXPECT_INT(i, -1000);
    EXPECT_INT(parse_i32("-2147483649", &i), -ERANGE);
    EXPECT_INT(parse_boolean("Yes"), 1);
    EXPECT_INT(parse_boolean("oFF"), 0);
    EXPECT_INT(parse_boolean("maybe"), -EINVAL);
}

TEST(words_are_split_as_a_shell_would)
{
    CLEANUP(strings_done) struct strings words = {0};
    CLEANUP(strings_done) struct strings bad = {0};

    EXPECT_INT(strings_split_words(&words, "a 'b c' \"d\\te\" f\\x41 ''"), 0);
    EXPECT_INT(words.count, 5);
    EXPECT_STR(words.item[1], "b c");
    EXPECT_STR(words.item[2], "d\te");
    EXPECT_STR(words.item[3], "fA");
    EXPECT_STR(words.item[4], "");
    EXPECT_INT(strings_split_words(&bad, "'open"), -EINVAL);
    EXPECT_INT(strings_split_words(&bad, "\\q"), -EINVAL);
    strings_clear(&words);
    EXPECT_INT(strings_split_quoted(&words, "a=\\x41 'b c\\'"), 0);
    EXPECT_INT(words.count, 2);
    EXPECT_STR(words.item[0], "a=\\x41");
    EXPECT_STR(words.item[1], "b c\\");
    EXPECT_INT(strings_split_quoted(&bad, "\"open"), -EINVAL);
}

TEST(colons_can_be_escaped)
{
    CLEANUP(strings_done) struct strings list = {0};

    EXPECT_INT(strings_split_colons(&list, "/a\\:\\b:\\\\c::"), 0);
    EXPECT_INT(list.count, 4);
    EXPECT_STR(list.item[0], "/a:b");
    EXPECT_STR(list.item[1], "\\c");
    EXPECT_STR(list.item[3], "");
    EXPECT_INT(strings_split_colons(&list, "a\\"), -EINVAL);
}

TEST(an_assignment_replaces_an_earlier_one)
{
    CLEANUP(strings_done) struct strings list = {0};

    environment_set(&list, "A=1");
    environment_set(&list, "AB=2");
    environment_set(&list, "A=3");
    EXPECT_INT(list.count, 2);
    EXPECT_STR(environment_get(&list, "A"), "3");
    EXPECT_TRUE(!environment_get(&list, "B"));
}

TEST(the_nearest_word_is_found_and_far_ones_are_not)
{
    static const char *const words[] = {"directory", "drop-capability", "bind"};

    EXPECT_STR(string_nearest("directroy", words, 3), "directory");
    EXPECT_TRUE(!string_nearest("xyzzy", words, 3));
}

TEST(paths_compare_by_component)
{
    EXPECT_TRUE(path_compare("/a", "/a/b") < 0);
    EXPECT_TRUE(path_compare("/a/b", "/a-b") < 0);
    EXPECT_INT(path_compare("/a//b/", "/a/b"), 0);
    EXPECT_TRUE(path_is_below("/srv/web", "/srv"));
    EXPECT_TRUE(!path_is_below("/srvx", "/srv"));
    EXPECT_TRUE(path_has_dotdot("/a/..") && !path_has_dotdot("/a/..b"));

    auto_free char *absolute = NULL;
    EXPECT_OK(path_make_absolute("/a/./b//c/", &absolute, ERR));
    EXPECT_STR(absolute, "/a/b/c");
}

TEST(a_link_in_a_tree_never_leads_outside_it)
{
    char top[] = "/tmp/redd-path-XXXXXX";

    EXPECT_TRUE(mkdtemp(top));
    auto_close int root = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
    EXPECT_INT(symlinkat("../../../../../../redd-escape", root, "link"), 0);
    EXPECT_INT(symlinkat("loop", root, "loop"), 0);
    EXPECT_TRUE(path_make_dir_in(root, "/loop/x", 0, 0) < 0);

    auto_close int made = path_make_dir_in(root, "/link/x/y", 0, 0);
    struct stat st;
    EXPECT_TRUE(made >= 0);
    EXPECT_INT(fstatat(root, "redd-escape/x/y", &st, 0), 0);
    EXPECT_TRUE(stat("/redd-escape", &st) < 0);
    EXPECT_INT(tree_remove_at(AT_FDCWD, top), 0);
}

TEST(the_unified_group_is_found_among_those_of_version_1)
{
    auto_free char *alone = cgroup_of_text("0::/machine.slice/web.scope\n"), *none = cgroup_of_text("1:cpu:/0::/a\n");
    auto_free char *last = cgroup_of_text("10:pids:/0::/trap\n1:name=x:/\n0::/\n");

    EXPECT_STR(alone, "/machine.slice/web.scope");
    EXPECT_STR(last, "/");
    EXPECT_TRUE(!none);
}

TEST(ids_are_read_in_both_forms)
{
    struct id128 a, b;
    char text[37];

    EXPECT_INT(id128_parse("0123456789abcdef0123456789ABCDEF", &a), 0);
    EXPECT_INT(id128_parse("01234567-89ab-cdef-0123-456789abcdef", &b), 0);
    EXPECT_TRUE(id128_equal(a, b));
    id128_format_uuid(a, text);
    EXPECT_STR(text, "01234567-89ab-cdef-0123-456789abcdef");
    EXPECT_INT(id128_parse("0123", &a), -EINVAL);
}

TEST(siphash_gives_the_published_vector)
{
    uint8_t key[16], data[15];

    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (uint8_t i = 0; i < 15; i++)
        data[i] = i;
    EXPECT_TRUE(siphash24(data, sizeof data, key) == UINT64_C(0xa129ca6149be45e5));
}

TESTS(RUN(an_error_chain_reads_as_one_sentence), RUN(an_error_crosses_a_socket_whole_or_cut_but_never_without_its_code),
      RUN(texts_are_formatted_as_the_library_would), RUN(numbers_are_refused_when_they_overflow_or_carry_text),
      RUN(words_are_split_as_a_shell_would),
      RUN(colons_can_be_escaped), RUN(an_assignment_replaces_an_earlier_one),
      RUN(the_nearest_word_is_found_and_far_ones_are_not), RUN(paths_compare_by_component),
      RUN(a_link_in_a_tree_never_leads_outside_it), RUN(the_unified_group_is_found_among_those_of_version_1),
      RUN(ids_are_read_in_both_forms), RUN(siphash_gives_the_published_vector))
