/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/user.h"

#include <time.h>
#include <unistd.h>

#include "base/test.h"
#include "inside/getent.h"
#include "inside/test_tree.h"

static struct user user;

static int resolve(int tree, const char *name, struct error **err)
{
    user_done(&user);
    return user_resolve(tree, name, &user, err);
}

static int tree_with_accounts(void)
{
    int tree = test_tree();

    test_write(tree, "etc/passwd",
               "root:x:0:0:root:/root:/bin/bash\n"
               "joe:x:1000:100:Joe:/home/joe:/bin/zsh\n"
               "nohome:x:1001:100:::\n"
               "relative:x:1002:100::foo:/bin/sh\n"
               "1006:x:1007:1007::/x:/bin/sh\n"
               "dup:x:1010:1010::/first:/bin/sh\n"
               "dup:x:1011:1011::/second:/bin/sh\n"
               "one:x:1020:1020::/one:/bin/sh\n"
               "two:x:1020:1020::/two:/bin/sh\n"
               "alias:x:0:0::/alias:/bin/sh\n"
               "bad:x:abc:1::/b:/bin/sh\n"
               "last:x:4294967295:1::/b:/bin/sh\n"
               "unended:x:1030:1030::/u:/bin/sh");
    test_write(tree, "etc/group",
               "root:x:0:\nusers:x:100:joe\nwheel:x:10:ann,joe\nadm:x:4:joey\naudio:x:29:joe\naudio2:x:29:joe\n"
               "broken:x:y:joe\n");
    return tree;
}

TEST(root_needs_no_file)
{
    static const char *const names[] = {NULL, "root", "0", "00"};
    int tree = test_tree();

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        EXPECT_OK(resolve(tree, names[i], ERR));
        EXPECT_INT(user.uid, 0);
        EXPECT_INT(user.gid, 0);
        EXPECT_INT(user.n_groups, 0);
        EXPECT_STR(user.name, "root");
        EXPECT_STR(user.home, "/root");
        assert_null(user.shell);
    }
}

TEST(a_name_gives_ids_groups_home_and_shell)
{
    EXPECT_OK(resolve(tree_with_accounts(), "joe", ERR));
    EXPECT_INT(user.uid, 1000);
    EXPECT_INT(user.gid, 100);
    EXPECT_STR(user.name, "joe");
    EXPECT_STR(user.home, "/home/joe");
    EXPECT_STR(user.shell, "/bin/zsh");
    EXPECT_INT(user.n_groups, 2);
    EXPECT_INT(user.groups[0], 10);
    EXPECT_INT(user.groups[1], 29);
}

TEST(a_number_gives_the_same_as_the_name)
{
    int tree = tree_with_accounts();

    EXPECT_OK(resolve(tree, "1000", ERR));
    EXPECT_STR(user.name, "joe");
    EXPECT_INT(user.n_groups, 2);
    EXPECT_OK(resolve(tree, "1020", ERR));
    EXPECT_STR(user.name, "one");
    EXPECT_OK(resolve(tree, "1007", ERR));
    EXPECT_STR(user.name, "1006");
}

TEST(an_account_without_a_home_is_at_the_root)
{
    int tree = tree_with_accounts();

    EXPECT_OK(resolve(tree, "nohome", ERR));
    EXPECT_STR(user.home, "/");
    assert_null(user.shell);
    EXPECT_OK(resolve(tree, "relative", ERR));
    EXPECT_STR(user.home, "/");
}

TEST(the_first_of_two_entries_counts)
{
    int tree = tree_with_accounts();

    EXPECT_OK(resolve(tree, "dup", ERR));
    EXPECT_INT(user.uid, 1010);
    EXPECT_STR(user.home, "/first");
    EXPECT_OK(resolve(tree, "alias", ERR));
    EXPECT_INT(user.uid, 0);
    EXPECT_STR(user.home, "/alias");
    EXPECT_OK(resolve(tree, "unended", ERR));
    EXPECT_INT(user.uid, 1030);
}

TEST(unknown_users_are_refused_in_the_words_of_the_reference)
{
    static const char *const names[] = {"nobody-here", "7777", "1006", "bad", "last", "4294967295", "4294967296",
                                        "99999999999999999999", "", "joe:x", "../x", "a b", "jo", "joe\n"};
    int tree = tree_with_accounts();

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        auto_free char *text = mem_format("Failed to resolve user %s.", names[i]);

        EXPECT_FAIL(resolve(tree, names[i], ERR), ESRCH, text);
        EXPECT_STR(error_id(*err_), "R2601");
    }
    EXPECT_FAIL(resolve(test_tree(), "joe", ERR), ESRCH, "Failed to resolve user joe.");
    EXPECT_HINT("no /etc/passwd");
}

TEST(a_tree_without_groups_is_enough)
{
    int tree = test_tree();

    test_write(tree, "etc/passwd", "joe:x:1000:100:Joe:/home/joe:/bin/zsh\n");
    EXPECT_OK(resolve(tree, "joe", ERR));
    EXPECT_INT(user.n_groups, 0);
}

TEST(files_that_are_no_files_are_refused)
{
    int tree = test_tree();

    test_folder(tree, "etc");
    assert_int_equal(mkfifoat(tree, "etc/passwd", 0644), 0);
    EXPECT_FAIL(resolve(tree, "joe", ERR), EINVAL, "the container's /etc/passwd");
    EXPECT_STR(error_id(*err_), "R2602");

    tree = test_tree();
    test_write(tree, "etc/passwd", "joe:x:1000:100:Joe:/home/joe:/bin/zsh\n");
    test_folder(tree, "etc/group");
    EXPECT_FAIL(resolve(tree, "joe", ERR), EINVAL, "the container's /etc/group");
}

TEST(links_do_not_lead_to_the_hosts_accounts)
{
    int tree = test_tree();

    test_link(tree, "etc", "../../../../../../../../etc");
    EXPECT_FAIL(resolve(tree, "daemon", ERR), ELOOP, "/etc/passwd");
    tree = test_tree();
    test_link(tree, "etc/passwd", "/../../../../../etc/passwd");
    EXPECT_FAIL(resolve(tree, "daemon", ERR), ELOOP, "/etc/passwd");
}

TEST(thousands_of_groups_are_no_trouble)
{
    int tree = test_tree();
    enum { N = 70000 };
    auto_free char *text = mem_alloc(N * 24);
    char *out = text;
    struct timespec before, after;

    for (int i = 0; i < N; i++)
        out += sprintf(out, "g%d:x:%d:joe\n", i, 100000 - i);
    test_write(tree, "etc/passwd", "joe:x:1000:100:Joe:/home/joe:/bin/zsh\n");
    test_write(tree, "etc/group", text);
    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    EXPECT_OK(resolve(tree, "joe", ERR));
    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    EXPECT_INT(user.n_groups, 65536);
    assert_true(user.groups[0] < user.groups[1]);
    assert_true(after.tv_sec - before.tv_sec < 5);
}

/* Puts a shell script in the place of the machine's getent, in this test's own mount namespace. */
static bool replace_getent(const char *script)
{
    int tree = test_tree();
    auto_free char *path = mem_format("%s/getent", test_path(tree));

    test_write(tree, "getent", script);
    (void) chmod(path, 0755);
    (void) umount2("/usr/bin/getent", MNT_DETACH);
    return access("/bin/sh", X_OK) == 0 && mount(path, "/usr/bin/getent", NULL, MS_BIND, NULL) == 0;
}

static int ask(const char *name, const struct getent_guard *guard, struct error **err)
{
    user_done(&user);
    return user_resolve_by_getent(test_tree(), name, guard, &user, err);
}

static const struct getent_guard plain_guard;

#define NEEDS_GETENT(script) \
    do { \
        NEEDS_IDS(); \
        if (!replace_getent("#!/bin/sh\n" script)) \
            SKIP_TEST("needs /bin/sh and /usr/bin/getent"); \
    } while (0)

TEST(getent_finds_what_no_file_has)
{
    NEEDS_GETENT("case $1:$2 in passwd:far|passwd:5000) echo far:x:5000:5001:Far:/home/far:/bin/sh;;\n"
                 "initgroups:far) echo 'far   5001 7 8 7';;\n*) exit 2;; esac\n");

    EXPECT_OK(ask("far", &plain_guard, ERR));
    EXPECT_INT(user.uid, 5000);
    EXPECT_INT(user.gid, 5001);
    EXPECT_STR(user.home, "/home/far");
    EXPECT_INT(user.n_groups, 2);
    EXPECT_INT(user.groups[0], 7);
    EXPECT_INT(user.groups[1], 8);
    EXPECT_OK(ask("5000", &plain_guard, ERR));
    EXPECT_STR(user.name, "far");
    EXPECT_FAIL(ask("other", &plain_guard, ERR), ESRCH, "Failed to resolve user other.");
    EXPECT_HINT("nor its getent(1) knows");
}

TEST(getent_may_not_answer_with_someone_else)
{
    NEEDS_GETENT("echo root:x:0:0::/:/bin/sh\n");

    EXPECT_FAIL(ask("far", &plain_guard, ERR), ESRCH, "Failed to resolve user far.");
    EXPECT_FAIL(ask("5000", &plain_guard, ERR), ESRCH, "Failed to resolve user 5000.");
}

TEST(names_that_are_options_never_reach_getent)
{
    NEEDS_GETENT("echo -- \"$2:x:1:1::/:\"\n");

    EXPECT_FAIL(ask("-h", &plain_guard, ERR), ESRCH, "Failed to resolve user -h.");
    EXPECT_FAIL(ask("--service=x", &plain_guard, ERR), ESRCH, "Failed to resolve user");
}

TEST(getent_of_a_container_is_nobody_without_any_privilege)
{
    NEEDS_GETENT(
        "while read key a b c d; do case $key in Uid:|Gid:) o=$o$a$b$c$d,;; NoNewPrivs:|CapEff:|CapBnd:) o=$o$a,;;\n"
        "NSpid:) o=$o$b,;; esac; done </proc/self/status\necho \"far:x:1:1::/$o:\"\n");

    EXPECT_OK(ask("far", &plain_guard, ERR));
    const char *answer = user.home;
    assert_non_null(strstr(answer, "/65534655346553465534,65534655346553465534,"));
    assert_non_null(strstr(answer, ",0000000000000000,0000000000000000,1,"));
}

static int refuse(void *data)
{
    *(volatile int *) data = 1;
    return -EPERM;
}

TEST(a_getent_that_cannot_be_confined_does_not_run)
{
    int unused = 0;
    const struct getent_guard guard = {.confine = refuse, .data = &unused};

    NEEDS_GETENT("echo far:x:5000:5001:Far:/home/far:/bin/sh\n");
    EXPECT_FAIL(ask("far", &guard, ERR), ESRCH, "Failed to resolve user far.");
}

TEST(nothing_of_getent_outlives_it)
{
    NEEDS_GETENT("sleep 1000 &\necho far:x:5000:5001:Far:/home/far:/bin/sh\n");

    /* the sleeper holds the pipe: without its end this would last ten seconds */
    struct timespec before, after;
    (void) clock_gettime(CLOCK_MONOTONIC, &before);
    EXPECT_OK(ask("far", &plain_guard, ERR));
    (void) clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 8);
}

TEST(a_getent_without_end_is_ended)
{
    const struct getent_guard guard = {.timeout_ms = 200};

    NEEDS_GETENT("exec sleep 1000\n");
    EXPECT_FAIL(ask("far", &guard, ERR), ESRCH, "Failed to resolve user far.");
    EXPECT_HINT("did not answer");
}

TEST(an_answer_without_end_is_cut_off)
{
    char *text = NULL;

    NEEDS_GETENT("while :; do echo far:x:5000:5001:Far:/home/far:/bin/sh; done\n");
    EXPECT_INT(getent_query("passwd", "far", &plain_guard, &text), -EFBIG);
    EXPECT_INT(getent_query("passwd", "far", NULL, &text), -EFBIG);
    assert_null(text);
}

TEST(the_hosts_getent_is_asked_as_it_is)
{
    char *text = NULL;

    NEEDS_GETENT("echo \"$1 $2 $(id -u)\"\n");
    EXPECT_INT(getent_query("shadow", "joe", NULL, &text), 0);
    EXPECT_STR(text, "shadow joe 0\n");
    free(text);
    EXPECT_INT(getent_query("passwd", "-s", NULL, &text), -EINVAL);
    NEEDS_GETENT("exit 2\n");
    EXPECT_INT(getent_query("passwd", "joe", NULL, &text), -ESRCH);
    NEEDS_GETENT("exit 1\n");
    EXPECT_INT(getent_query("passwd", "joe", NULL, &text), -EIO);
    NEEDS_GETENT("kill -9 $$\n");
    EXPECT_INT(getent_query("passwd", "joe", NULL, &text), -EIO);
    user_done(&user);
}

TESTS(RUN(root_needs_no_file), RUN(a_name_gives_ids_groups_home_and_shell), RUN(a_number_gives_the_same_as_the_name),
      RUN(an_account_without_a_home_is_at_the_root), RUN(the_first_of_two_entries_counts),
      RUN(unknown_users_are_refused_in_the_words_of_the_reference), RUN(a_tree_without_groups_is_enough),
      RUN(files_that_are_no_files_are_refused), RUN(links_do_not_lead_to_the_hosts_accounts),
      RUN(thousands_of_groups_are_no_trouble), RUN(getent_finds_what_no_file_has),
      RUN(getent_may_not_answer_with_someone_else), RUN(names_that_are_options_never_reach_getent),
      RUN(getent_of_a_container_is_nobody_without_any_privilege), RUN(a_getent_that_cannot_be_confined_does_not_run),
      RUN(nothing_of_getent_outlives_it), RUN(a_getent_without_end_is_ended), RUN(an_answer_without_end_is_cut_off),
      RUN(the_hosts_getent_is_asked_as_it_is))
