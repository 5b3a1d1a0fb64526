/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/bind_user.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "inside/test_tree.h"
#include "inside/user.h"
#include "runtime/bind_user_record.h"
#include "runtime/host_user.h"

static struct bind_users users;

static int host_with_joe(void)
{
    int host = test_tree();

    test_write(host, "etc/passwd",
               "root:x:0:0:root:/root:/bin/bash\n"
               "joe:x:1000:100:Joe \"J\" Doe,room 5:/home/joe:/bin/zsh\n"
               "ann:direct-hash:1001:1001::/home/ann:\n"
               "daemon2:*:7:7::/nonexistent:/sbin/nologin\n"
               "toor:x:0:0::/root:/bin/sh\n"
               "nobody:x:65534:65534::/nonexistent:/bin/sh\n"
               "away:x:1002:1002::/home/away:/bin/sh\n");
    test_write(host, "etc/shadow", "root:!:1::::::\njoe:$y$hash:19000:0:99999:7:::\n");
    test_write(host, "home/joe/file", "hi\n");
    test_folder(host, "home/ann");
    assert_int_equal(fchownat(host, "home/joe", 1000, 100, 0), 0);
    assert_int_equal(fchownat(host, "home/joe/file", 1000, 100, 0), 0);
    return host;
}

struct ask {
    const char *names[4];
    const char *groups[4];
    enum tristate shell;
    uint32_t base, count;
};

static int prepare(struct ask ask, int host, int tree, struct error **err)
{
    CLEANUP(strings_done) struct strings names = {0};
    CLEANUP(strings_done) struct strings groups = {0};

    for (size_t i = 0; i < COUNT_OF(ask.names) && ask.names[i]; i++)
        strings_add(&names, ask.names[i]);
    for (size_t i = 0; i < COUNT_OF(ask.groups) && ask.groups[i]; i++)
        strings_add(&groups, ask.groups[i]);
    struct spec spec = {.bind_users = names, .bind_user_groups = groups, .bind_user_shell = ask.shell,
                        .bind_user_shell_path = (char *) "/bin/fish"};

    bind_users_done(&users);
    return bind_users_prepare(&spec, host, tree, ask.base, ask.count, &users, err);
}

#define ASK(...) ((struct ask){.names = {__VA_ARGS__}})

TEST(users_that_cannot_be_bound_are_refused_in_the_words_of_the_reference)
{
    NEEDS_IDS();
    int host = host_with_joe(), tree = test_tree();

    EXPECT_FAIL(prepare(ASK("root"), host, tree, ERR), EOPNOTSUPP, "Mapping 'root' user not supported, sorry.");
    EXPECT_FAIL(prepare(ASK("toor"), host, tree, ERR), EOPNOTSUPP, "Mapping 'root' user not supported, sorry.");
    EXPECT_FAIL(prepare(ASK("nobody"), host, tree, ERR), EOPNOTSUPP, "Mapping 'nobody' user not supported, sorry.");
    EXPECT_FAIL(prepare(ASK("nobody-here"), host, tree, ERR), ESRCH,
                "Failed to resolve user 'nobody-here': Unknown user");
    EXPECT_FAIL(prepare(ASK("../x"), host, tree, ERR), EINVAL, "Invalid user name to bind: ../x");
    EXPECT_FAIL(prepare(ASK("1000"), host, tree, ERR), EINVAL, "Invalid user name to bind: 1000");
    EXPECT_FAIL(prepare(ASK("j\xff"), host, tree, ERR), EINVAL, "Invalid user name to bind: ");
    EXPECT_STR(error_id(*err_), "R2641");
    EXPECT_INT(users.count, 0);
}

TEST(accounts_of_the_container_are_not_overridden)
{
    NEEDS_IDS();
    int host = host_with_joe(), tree = test_tree();

    test_write(tree, "etc/passwd", "joe:x:5:5:::\n");
    EXPECT_FAIL(prepare(ASK("joe"), host, tree, ERR), EEXIST, "Sorry, the user 'joe' already exists in the machine.");
    tree = test_tree();
    test_write(tree, "etc/group", "joe:x:5:\n");
    EXPECT_FAIL(prepare(ASK("joe"), host, tree, ERR), EEXIST, "Sorry, the group 'joe' already exists in the machine.");
    tree = test_tree();
    test_folder(tree, "etc/passwd");
    EXPECT_FAIL(prepare(ASK("joe"), host, tree, ERR), EINVAL, "the container's /etc/passwd");
}

TEST(each_user_gets_a_free_id_once)
{
    NEEDS_IDS();
    int host = host_with_joe(), tree = test_tree();

    test_write(tree, "etc/passwd", "x:x:60514:1:::\ny:x:1:60516:::\n");
    test_write(tree, "etc/group", "g:x:60515:\n");
    EXPECT_OK(prepare(ASK("joe", "ann", "joe"), host, tree, ERR));
    EXPECT_INT(users.count, 2);
    EXPECT_STR(users.item[0].name, "joe");
    EXPECT_INT(users.item[0].id, 60517);
    EXPECT_STR(users.item[1].name, "ann");
    EXPECT_INT(users.item[1].id, 60518);
}

TEST(when_ids_run_out_it_is_said)
{
    NEEDS_IDS();
    int host = host_with_joe(), tree = test_tree();
    auto_free char *text = mem_alloc(64 * 32);
    char *out = text;

    for (unsigned id = BOUND_ID_FIRST; id <= BOUND_ID_LAST; id++)
        out += sprintf(out, "g%u:x:%u:\n", id, id);
    test_write(tree, "etc/group", text);
    EXPECT_FAIL(prepare(ASK("joe"), host, tree, ERR), EADDRNOTAVAIL, "60514 to 60577");
    EXPECT_FAIL(prepare((struct ask){.names = {"joe"}, .base = 500000, .count = 1000}, host, test_tree(), ERR), ERANGE,
                "ids 0 to 999 only");
    EXPECT_HINT("--private-users=BASE:65536");
}

TEST(an_account_without_a_home_is_bound_without_one)
{
    NEEDS_IDS();
    int host = host_with_joe();

    EXPECT_OK(prepare(ASK("daemon2"), host, test_tree(), ERR));
    EXPECT_STR(users.item[0].home, "/");
    EXPECT_INT(users.item[0].home_fd, -1);
    EXPECT_FAIL(prepare(ASK("away"), host, test_tree(), ERR), ENOENT,
                "cannot open the home of user 'away', /home/away");
    EXPECT_HINT("not mounted");
}

/* Both halves into TREE, whose folder "host" stands for /run/host. */
static int run(struct ask ask, int host, int tree, struct error **err)
{
    test_folder(tree, "host");
    auto_close int run_host = path_open_in(tree, "host", O_RDONLY | O_DIRECTORY, 0);
    mode_t mask = umask(0077);
    int r = prepare(ask, host, tree, err);

    if (r == 0)
        r = bind_users_apply(&users, run_host, err);
    (void) umask(mask);
    return r;
}

TEST(records_are_files_and_links_by_number)
{
    NEEDS_IDS();
    int tree = test_tree();

    EXPECT_OK(run((struct ask){.names = {"joe"}, .groups = {"wheel", "adm", "wheel"}, .shell = TRI_YES},
                  host_with_joe(), tree, ERR));
    EXPECT_INT(test_mode(tree, "host/userdb"), S_IFDIR | 0755);
    EXPECT_INT(test_mode(tree, "host/userdb/joe.user"), S_IFREG | 0644);
    EXPECT_INT(test_mode(tree, "host/userdb/joe.group"), S_IFREG | 0644);
    EXPECT_INT(test_mode(tree, "host/userdb/joe.user-privileged"), S_IFREG | 0600);
    EXPECT_STR(test_target(tree, "host/userdb/60514.user"), "joe.user");
    EXPECT_STR(test_target(tree, "host/userdb/60514.group"), "joe.group");
    EXPECT_STR(test_target(tree, "host/userdb/60514.user-privileged"), "joe.user-privileged");
    EXPECT_STR(test_read(tree, "host/userdb/joe.user"),
               "{\"userName\":\"joe\",\"uid\":60514,\"gid\":60514,\"realName\":\"Joe \\\"J\\\" Doe\","
               "\"homeDirectory\":\"/run/host/home/joe\",\"service\":\"io.systemd.NSpawn\",\"shell\":\"/bin/zsh\","
               "\"memberOf\":[\"wheel\",\"adm\"]}\n");
    EXPECT_STR(test_read(tree, "host/userdb/joe.group"),
               "{\"groupName\":\"joe\",\"gid\":60514,\"service\":\"io.systemd.NSpawn\"}\n");
    EXPECT_STR(test_read(tree, "host/userdb/joe.user-privileged"),
               "{\"privileged\":{\"hashedPassword\":[\"$y$hash\"]}}\n");
    EXPECT_STR(test_read(tree, "host/userdb/joe:wheel.membership"), "{}\n");
    EXPECT_INT(test_mode(tree, "host/userdb/joe:adm.membership"), S_IFREG | 0644);
}

TEST(shell_and_password_are_told_as_asked_and_as_known)
{
    NEEDS_IDS();
    int host = host_with_joe(), tree = test_tree();

    EXPECT_OK(run((struct ask){.names = {"joe", "ann"}, .shell = TRI_AUTO}, host, tree, ERR));
    EXPECT_STR(users.item[0].shell, "/bin/fish");
    EXPECT_STR(users.item[1].password, "direct-hash");
    EXPECT_STR(test_read(tree, "host/userdb/ann.user"),
               "{\"userName\":\"ann\",\"uid\":60515,\"gid\":60515,\"homeDirectory\":\"/run/host/home/ann\","
               "\"service\":\"io.systemd.NSpawn\",\"shell\":\"/bin/fish\",\"memberOf\":[]}\n");
    tree = test_tree();
    EXPECT_OK(run((struct ask){.names = {"away", "ann"}, .shell = TRI_NO}, (test_folder(host, "home/away"), host), tree,
                  ERR));
    assert_null(users.item[0].shell);
    assert_null(users.item[0].password);
    EXPECT_STR(test_read(tree, "host/userdb/away.user-privileged"), "{\"privileged\":{}}\n");
    EXPECT_OK(prepare((struct ask){.names = {"ann"}, .shell = TRI_YES}, host, test_tree(), ERR));
    assert_null(users.item[0].shell);
}

static struct stat look(int tree, const char *path)
{
    struct stat st = {0};
    auto_close int fd = path_open_in(tree, path, O_PATH | O_NOFOLLOW, 0);

    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    return st;
}

TEST(the_home_is_the_users_own_on_both_sides)
{
    NEEDS_IDS();
    int host = host_with_joe(), tree = test_tree();

    EXPECT_OK(run((struct ask){.names = {"joe"}, .base = 500000, .count = 65536}, host, tree, ERR));
    EXPECT_STR(test_read(tree, "host/home/joe/file"), "hi\n");
    EXPECT_INT(look(tree, "host/home/joe/file").st_uid, 560514);
    EXPECT_INT(look(tree, "host/home/joe/file").st_gid, 560514);
    EXPECT_INT(test_mode(tree, "host/home"), S_IFDIR | 0755);

    /* what is made inside by the container's user is the host user's */
    auto_free char *path = mem_format("%s/host/home/joe/new", test_path(tree));
    assert_int_equal(setegid(560514), 0);
    assert_int_equal(seteuid(560514), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(0), 0);
    assert_true(fd >= 0);
    (void) close(fd);
    EXPECT_INT(look(host, "home/joe/new").st_uid, 1000);
    EXPECT_INT(look(host, "home/joe/new").st_gid, 100);
}

TEST(without_a_user_namespace_the_home_is_mapped_all_the_same)
{
    NEEDS_IDS();
    int tree = test_tree();

    EXPECT_OK(run(ASK("joe"), host_with_joe(), tree, ERR));
    EXPECT_INT(look(tree, "host/home/joe/file").st_uid, 60514);
}

TEST(keys_of_ssh_come_along)
{
    NEEDS_IDS();
    int host = host_with_joe(), tree = test_tree();

    test_write(host, "home/joe/.ssh/authorized_keys",
               "# mine\nssh-ed25519 AAAA \"me\"\n\n  ssh-rsa BBBB  \r\nbad \xff\n");
    assert_int_equal(fchownat(host, "home/joe/.ssh/authorized_keys", 1000, 100, 0), 0);
    EXPECT_OK(run(ASK("joe"), host, tree, ERR));
    EXPECT_STR(test_read(tree, "host/userdb/joe.user-privileged"),
               "{\"privileged\":{\"hashedPassword\":[\"$y$hash\"],"
               "\"sshAuthorizedKeys\":[\"ssh-ed25519 AAAA \\\"me\\\"\",\"ssh-rsa BBBB\"]}}\n");
}

static size_t keys_of(int home, uid_t uid)
{
    CLEANUP(strings_done) struct strings keys = {0};

    host_user_read_keys(home, uid, &keys);
    return keys.count;
}

TEST(a_user_cannot_make_us_read_other_files_as_keys)
{
    NEEDS_IDS();
    int home = test_tree(), other = test_tree();
    auto_free char *secret = mem_format("%s/secret", test_path(other));

    test_write(other, "secret", "secret line\n");
    test_folder(home, ".ssh");
    test_link(home, ".ssh/authorized_keys", secret);
    EXPECT_INT(keys_of(home, 1000), 0);
    assert_int_equal(unlinkat(home, ".ssh/authorized_keys", 0), 0);

    assert_int_equal(linkat(other, "secret", home, ".ssh/authorized_keys", 0), 0);
    EXPECT_INT(keys_of(home, 1000), 0);
    assert_int_equal(unlinkat(other, "secret", 0), 0);
    EXPECT_INT(keys_of(home, 1000), 1);     /* root's, and in no other place */
    assert_int_equal(fchownat(home, ".ssh/authorized_keys", 1001, 1001, 0), 0);
    EXPECT_INT(keys_of(home, 1000), 0);
    EXPECT_INT(keys_of(home, 1001), 1);
    assert_int_equal(unlinkat(home, ".ssh/authorized_keys", 0), 0);

    assert_int_equal(mkfifoat(home, ".ssh/authorized_keys", 0666), 0);
    EXPECT_INT(keys_of(home, 1000), 0);
}

TEST(the_user_option_finds_them)
{
    NEEDS_IDS();
    int tree = test_tree();
    struct user user;

    test_write(tree, "etc/group", "wheel:x:10:\nextra:x:20:ann,joe\nother:x:30:\n");
    EXPECT_OK(prepare((struct ask){.names = {"ann", "joe"}, .groups = {"wheel", "missing"}, .shell = TRI_YES},
                      host_with_joe(), tree, ERR));
    assert_true(bind_users_find(&users, tree, "joe", &user));
    EXPECT_INT(user.uid, 60515);
    EXPECT_INT(user.gid, 60515);
    EXPECT_STR(user.home, "/run/host/home/joe");
    EXPECT_STR(user.shell, "/bin/zsh");
    EXPECT_INT(user.n_groups, 2);
    EXPECT_INT(user.groups[0], 10);
    EXPECT_INT(user.groups[1], 20);
    user_done(&user);
    assert_true(bind_users_find(&users, tree, "60514", &user));
    EXPECT_STR(user.name, "ann");
    user_done(&user);
    assert_false(bind_users_find(&users, tree, "1000", &user));
    assert_false(bind_users_find(&users, tree, "jo", &user));
    assert_false(bind_users_find(&users, tree, NULL, &user));
}

TEST(group_names_become_file_names_and_are_checked)
{
    NEEDS_IDS();
    int host = host_with_joe();

    EXPECT_FAIL(prepare((struct ask){.names = {"joe"}, .groups = {"../../x"}}, host, test_tree(), ERR), EINVAL,
                "../../x");
    EXPECT_OK(prepare((struct ask){.groups = {"../../x"}}, host, test_tree(), ERR)); /* means nothing without users */
    EXPECT_INT(users.count, 0);
}

static void expect_quoted(const char *text, const char *quoted)
{
    auto_free char *got = json_quote(text);

    if (quoted)
        EXPECT_STR(got, quoted);
    else
        assert_null(got);
}

TEST(json_strings_are_escaped_and_valid_utf8)
{
    expect_quoted("", "\"\"");
    expect_quoted("a\"b\\c/\x01\n\x1f\x7f", "\"a\\\"b\\\\c/\\u0001\\u000a\\u001f\x7f\"");
    expect_quoted("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f\"");
    expect_quoted("\xff", NULL);
    expect_quoted("\xc3", NULL);
    expect_quoted("\xc0\xaf", NULL);
    expect_quoted("\xe0\x80\xaf", NULL);
    expect_quoted("\xed\xa0\x80", NULL);
    expect_quoted("\xf4\x90\x80\x80", NULL);
    expect_quoted("\xf0\x9f\x90", NULL);
    expect_quoted("a\x80", NULL);
    bind_users_done(&users);
}

TESTS(RUN(users_that_cannot_be_bound_are_refused_in_the_words_of_the_reference),
      RUN(accounts_of_the_container_are_not_overridden), RUN(each_user_gets_a_free_id_once),
      RUN(when_ids_run_out_it_is_said), RUN(an_account_without_a_home_is_bound_without_one),
      RUN(records_are_files_and_links_by_number), RUN(shell_and_password_are_told_as_asked_and_as_known),
      RUN(the_home_is_the_users_own_on_both_sides), RUN(without_a_user_namespace_the_home_is_mapped_all_the_same),
      RUN(keys_of_ssh_come_along), RUN(a_user_cannot_make_us_read_other_files_as_keys), RUN(the_user_option_finds_them),
      RUN(group_names_become_file_names_and_are_checked), RUN(json_strings_are_escaped_and_valid_utf8))
