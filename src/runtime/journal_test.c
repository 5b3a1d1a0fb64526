/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/journal.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/test.h"
#include "image/idmap.h"
#include "inside/test_tree.h"

#define ID "11111111111111111111111111111111"
#define OTHER "22222222222222222222222222222222"
#define FOLDER "var/log/journal/" ID

static struct journal_link journal = {.mount_fd = -1};

static int host_with_journals(void)
{
    int host = test_tree();

    test_folder(host, "var/log/journal");
    test_write(host, "etc/machine-id", OTHER "\n");
    return host;
}

static int prepare_tree(enum journal_mode mode, int host, const char *tree_path, struct error **err)
{
    struct spec spec = {.journal = mode};
    struct id128 id;

    assert_int_equal(id128_parse(ID, &id), 0);
    journal_done(&journal);
    return journal_prepare(&spec, host, id, tree_path, -1, &journal, err);
}

static int prepare(enum journal_mode mode, int host, struct error **err)
{
    return prepare_tree(mode, host, "/srv/tree", err);
}

TEST(no_does_nothing)
{
    int host = host_with_journals();

    test_folder(host, FOLDER);
    EXPECT_OK(prepare(JOURNAL_NO, host, ERR));
    assert_null(journal.directory);
}

TEST(auto_needs_a_folder_that_is_there)
{
    int host = host_with_journals();

    EXPECT_OK(prepare(JOURNAL_AUTO, host, ERR));
    assert_null(journal.directory);
    EXPECT_INT(test_mode(host, FOLDER), 0);
    test_link(host, FOLDER, "/srv/tree/var/log/journal/" ID);
    EXPECT_OK(prepare(JOURNAL_AUTO, host, ERR));
    assert_null(journal.directory);
}

TEST(a_host_without_journals_matters_only_when_a_link_is_promised)
{
    int host = test_tree();

    EXPECT_OK(prepare(JOURNAL_TRY_HOST, host, ERR));
    assert_null(journal.directory);
    EXPECT_OK(prepare(JOURNAL_TRY_GUEST, host, ERR));
    assert_null(journal.directory);
    EXPECT_FAIL(prepare(JOURNAL_HOST, host, ERR), ENOENT, "no folder /var/log/journal");
    EXPECT_HINT("--link-journal=try-host");
    EXPECT_STR(error_id(*err_), "R2620");
    EXPECT_FAIL(prepare(JOURNAL_GUEST, host, ERR), ENOENT, "no folder /var/log/journal");
    EXPECT_INT(test_mode(host, "var"), 0);
    assert_true(journal_mode_is_required(JOURNAL_HOST) && journal_mode_is_required(JOURNAL_GUEST));
    assert_false(journal_mode_is_required(JOURNAL_TRY_HOST) || journal_mode_is_required(JOURNAL_TRY_GUEST) ||
                 journal_mode_is_required(JOURNAL_AUTO) || journal_mode_is_required(JOURNAL_NO));
}

TEST(the_hosts_own_machine_id_is_refused)
{
    int host = host_with_journals();

    test_folder(host, FOLDER);
    test_write(host, "etc/machine-id", ID "\n");
    EXPECT_FAIL(prepare(JOURNAL_HOST, host, ERR), EEXIST,
                "Host and machine ids are equal (" ID "): refusing to link journals");
    EXPECT_FAIL(prepare(JOURNAL_GUEST, host, ERR), EEXIST,
                "Host and machine ids are equal (" ID "): refusing to link journals");
    EXPECT_OK(prepare(JOURNAL_TRY_GUEST, host, ERR));
    assert_null(journal.directory);
    EXPECT_OK(prepare(JOURNAL_AUTO, host, ERR));
    assert_null(journal.directory);
}

TEST(a_tree_that_is_thrown_away_is_not_tried)
{
    int host = host_with_journals();
    struct spec spec = {.journal = JOURNAL_TRY_HOST, .ephemeral = true};
    struct id128 id;

    assert_int_equal(id128_parse(ID, &id), 0);
    EXPECT_OK(journal_prepare(&spec, host, id, "/srv/tree", -1, &journal, ERR));
    assert_null(journal.directory);
    EXPECT_INT(test_mode(host, FOLDER), 0);
}

TEST(guest_makes_a_link_on_the_host_and_a_folder_inside)
{
    int host = host_with_journals(), tree = test_tree();

    EXPECT_OK(prepare(JOURNAL_GUEST, host, ERR));
    EXPECT_STR(test_target(host, FOLDER), "/srv/tree/" FOLDER);
    EXPECT_OK(journal_apply(&journal, tree, ERR));
    EXPECT_INT(test_mode(tree, FOLDER), S_IFDIR | 0755);
    EXPECT_OK(prepare(JOURNAL_GUEST, host, ERR));       /* again, with all in place */
    EXPECT_OK(journal_apply(&journal, tree, ERR));
    EXPECT_OK(prepare_tree(JOURNAL_TRY_GUEST, host, "/", ERR));
    EXPECT_STR(test_target(host, FOLDER), "/" FOLDER);
}

TEST(guest_replaces_links_and_empty_folders_only)
{
    int host = host_with_journals();

    test_link(host, FOLDER, "/elsewhere");
    EXPECT_OK(prepare(JOURNAL_GUEST, host, ERR));
    EXPECT_STR(test_target(host, FOLDER), "/srv/tree/" FOLDER);

    host = host_with_journals();
    test_folder(host, FOLDER);
    EXPECT_OK(prepare(JOURNAL_GUEST, host, ERR));
    EXPECT_STR(test_target(host, FOLDER), "/srv/tree/" FOLDER);

    host = host_with_journals();
    test_write(host, FOLDER "/system.journal", "kept");
    EXPECT_FAIL(prepare(JOURNAL_GUEST, host, ERR), ENOTEMPTY, "/" FOLDER);
    EXPECT_HINT("--link-journal=host");
    EXPECT_STR(test_read(host, FOLDER "/system.journal"), "kept");
}

TEST(guest_needs_a_tree_with_a_path)
{
    int host = host_with_journals();

    EXPECT_OK(prepare_tree(JOURNAL_TRY_GUEST, host, NULL, ERR));
    assert_null(journal.directory);
    EXPECT_FAIL(prepare_tree(JOURNAL_GUEST, host, NULL, ERR), EOPNOTSUPP, "disk image");
    EXPECT_INT(test_mode(host, FOLDER), 0);
}

TEST(host_shares_the_hosts_folder)
{
    NEEDS_MOUNTS();
    int host = host_with_journals(), tree = test_tree();
    struct statvfs fs;

    EXPECT_OK(prepare(JOURNAL_HOST, host, ERR));
    EXPECT_INT(test_mode(host, FOLDER), S_IFDIR | 0755);
    EXPECT_OK(journal_apply(&journal, tree, ERR));
    test_write(tree, FOLDER "/x", "from inside");
    EXPECT_STR(test_read(host, FOLDER "/x"), "from inside");
    auto_close int fd = path_open_in(tree, FOLDER, O_RDONLY | O_DIRECTORY, 0);
    assert_int_equal(fstatvfs(fd, &fs), 0);
    EXPECT_INT(fs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC), ST_NOSUID | ST_NODEV | ST_NOEXEC);

    tree = test_tree();
    EXPECT_OK(prepare(JOURNAL_AUTO, host, ERR));
    EXPECT_OK(journal_apply(&journal, tree, ERR));
    EXPECT_STR(test_read(tree, FOLDER "/x"), "from inside");
}

TEST(host_takes_over_from_guest)
{
    NEEDS_MOUNTS();
    int host = host_with_journals();

    test_link(host, FOLDER, "/srv/tree/" FOLDER);
    EXPECT_OK(prepare(JOURNAL_TRY_HOST, host, ERR));
    EXPECT_INT(test_mode(host, FOLDER), S_IFDIR | 0755);
    assert_true(journal.mount_fd >= 0);
}

TEST(the_folder_is_mapped_for_a_user_namespace)
{
    NEEDS_IDS();
    int host = host_with_journals(), tree = test_tree();
    const struct id_map map = {.inside = 0, .outside = 500000, .count = 65536};
    struct spec spec = {.journal = JOURNAL_HOST};
    auto_close int userns_fd = -1;
    struct id128 id;
    struct stat st;

    EXPECT_OK(idmap_userns_open(&map, 1, &userns_fd, ERR));
    assert_int_equal(id128_parse(ID, &id), 0);
    journal_done(&journal);
    EXPECT_OK(journal_prepare(&spec, host, id, "/srv/tree", userns_fd, &journal, ERR));
    EXPECT_OK(journal_apply(&journal, tree, ERR));
    auto_close int fd = path_open_in(tree, FOLDER, O_PATH, 0);
    assert_int_equal(fstat(fd, &st), 0);
    EXPECT_INT(st.st_uid, 500000);
    EXPECT_INT(st.st_gid, 500000);
}

TEST(links_in_the_tree_stay_in_the_tree)
{
    int host = host_with_journals(), tree = test_tree(), outside = test_tree();
    auto_free char *away = mem_copy_string(test_path(outside));

    test_folder(tree, "var");
    test_link(tree, "var/log", away);
    EXPECT_OK(prepare(JOURNAL_GUEST, host, ERR));
    EXPECT_OK(journal_apply(&journal, tree, ERR));
    EXPECT_INT(test_mode(outside, "journal"), 0);
    journal_done(&journal);
}

TESTS(RUN(no_does_nothing), RUN(auto_needs_a_folder_that_is_there),
      RUN(a_host_without_journals_matters_only_when_a_link_is_promised), RUN(the_hosts_own_machine_id_is_refused),
      RUN(a_tree_that_is_thrown_away_is_not_tried), RUN(guest_makes_a_link_on_the_host_and_a_folder_inside),
      RUN(guest_replaces_links_and_empty_folders_only), RUN(guest_needs_a_tree_with_a_path),
      RUN(host_shares_the_hosts_folder), RUN(host_takes_over_from_guest),
      RUN(the_folder_is_mapped_for_a_user_namespace), RUN(links_in_the_tree_stay_in_the_tree))
