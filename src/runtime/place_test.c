/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/place.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mount.h"
#include "base/test.h"
#include "inside/test_tree.h"

static const struct timespec long_ago = {.tv_sec = 1000000000};

static int copy(int tree, const char *text)
{
    return place_copy(tree, "/etc/file", text, strlen(text), &long_ago);
}

static int replace(int tree, const char *text)
{
    return place_replace(tree, "/etc/file", text, strlen(text), &long_ago);
}

static struct stat look(int tree, const char *path)
{
    struct stat st = {0};
    auto_close int fd = path_open_in(tree, path, O_PATH | O_NOFOLLOW, 0);

    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    return st;
}

TEST(a_copy_makes_the_file_and_its_folder)
{
    int tree = test_tree();
    mode_t mask = umask(0077);

    assert_int_equal(copy(tree, "hello\n"), 0);
    (void) umask(mask);
    EXPECT_STR(test_read(tree, "etc/file"), "hello\n");
    EXPECT_INT(test_mode(tree, "etc/file"), S_IFREG | 0644);
    EXPECT_INT(look(tree, "etc/file").st_mtim.tv_sec, long_ago.tv_sec);
}

TEST(a_copy_keeps_inode_owner_and_mode_of_a_file_that_is_there)
{
    int tree = test_tree();

    test_write(tree, "etc/file", "something much longer\n");
    assert_int_equal(fchmodat(tree, "etc/file", 0600, 0), 0);
    struct stat before = look(tree, "etc/file");

    assert_int_equal(copy(tree, "short\n"), 0);
    struct stat after = look(tree, "etc/file");
    EXPECT_STR(test_read(tree, "etc/file"), "short\n");
    EXPECT_INT(after.st_ino, before.st_ino);
    EXPECT_INT(after.st_mode, S_IFREG | 0600);
    EXPECT_INT(after.st_mtim.tv_sec, long_ago.tv_sec);
}

TEST(a_file_with_the_text_already_is_not_written)
{
    int tree = test_tree();

    test_write(tree, "etc/file", "same\n");
    struct stat before = look(tree, "etc/file");

    assert_int_equal(copy(tree, "same\n"), 0);
    assert_int_equal(look(tree, "etc/file").st_mtim.tv_sec, before.st_mtim.tv_sec);
    assert_int_equal(copy(tree, "Same\n"), 0);
    EXPECT_STR(test_read(tree, "etc/file"), "Same\n");
}

TEST(a_copy_does_not_touch_what_is_no_file)
{
    int tree = test_tree();

    test_write(tree, "victim", "mine");
    test_link(tree, "etc/file", "../victim");
    assert_int_equal(copy(tree, "x"), -ELOOP);
    EXPECT_STR(test_read(tree, "victim"), "mine");

    tree = test_tree();
    test_folder(tree, "etc/file");
    assert_int_equal(copy(tree, "x"), -EISDIR);

    tree = test_tree();
    test_folder(tree, "etc");
    assert_int_equal(mkfifoat(tree, "etc/file", 0666), 0);
    assert_int_equal(copy(tree, "x"), -EEXIST);     /* and comes back at all */
}

TEST(nothing_leaves_the_tree_by_a_linked_folder)
{
    int tree = test_tree(), outside = test_tree();
    auto_free char *away = mem_copy_string(test_path(outside));

    test_link(tree, "etc", away);
    assert_int_equal(copy(tree, "x"), 0);           /* the same path, but inside */
    assert_null(test_read(outside, "file"));
    EXPECT_STR(test_read(tree, "etc/file"), "x");

    tree = test_tree();
    test_link(tree, "etc", "../../../../../../../..");
    assert_int_equal(copy(tree, "up"), 0);
    EXPECT_STR(test_read(tree, "file"), "up");

    tree = test_tree();
    test_link(tree, "etc", "/proc/self/fd/0");
    test_folder(tree, "proc/self/fd");
    assert_int_equal(copy(tree, "x"), 0);
    EXPECT_STR(test_read(tree, "proc/self/fd/0/file"), "x");
}

TEST(a_replacement_takes_the_place_of_links_and_fifos)
{
    int tree = test_tree();

    test_write(tree, "victim", "mine");
    test_link(tree, "etc/file", "../victim");
    assert_int_equal(replace(tree, "new"), 0);
    EXPECT_STR(test_read(tree, "victim"), "mine");
    EXPECT_INT(test_mode(tree, "etc/file"), S_IFREG | 0644);
    EXPECT_STR(test_read(tree, "etc/file"), "new");
    EXPECT_INT(look(tree, "etc/file").st_mtim.tv_sec, long_ago.tv_sec);

    tree = test_tree();
    test_folder(tree, "etc");
    assert_int_equal(mkfifoat(tree, "etc/file", 0666), 0);
    assert_int_equal(replace(tree, "new"), 0);
    EXPECT_STR(test_read(tree, "etc/file"), "new");

    tree = test_tree();
    test_folder(tree, "etc/file");
    assert_int_equal(replace(tree, "new"), -EISDIR);
    EXPECT_INT(test_mode(tree, "etc/file.new~"), 0);    /* nothing of ours is left */
}

TEST(a_replacement_is_not_fooled_by_a_prepared_temporary_name)
{
    int tree = test_tree();

    test_write(tree, "victim", "mine");
    test_link(tree, "etc/file.new~", "../victim");
    assert_int_equal(replace(tree, "new"), 0);
    EXPECT_STR(test_read(tree, "victim"), "mine");
    EXPECT_STR(test_read(tree, "etc/file"), "new");
}

TEST(a_replacement_that_is_in_place_already_is_not_written)
{
    int tree = test_tree();

    assert_int_equal(replace(tree, "same"), 0);
    uint64_t inode = look(tree, "etc/file").st_ino;
    assert_int_equal(replace(tree, "same"), 0);
    EXPECT_INT(look(tree, "etc/file").st_ino, inode);
    assert_int_equal(replace(tree, "Same"), 0);
    EXPECT_STR(test_read(tree, "etc/file"), "Same");
}

TEST(a_link_replaces_what_is_there_and_is_left_alone_when_right)
{
    int tree = test_tree();

    assert_int_equal(place_link(tree, "/etc/link", "../a"), 0);
    EXPECT_STR(test_target(tree, "etc/link"), "../a");
    assert_true(place_is_link(tree, "/etc/link", "../a"));
    assert_false(place_is_link(tree, "/etc/link", "../"));
    assert_false(place_is_link(tree, "/none/link", "../a"));
    uint64_t inode = look(tree, "etc/link").st_ino;
    assert_int_equal(place_link(tree, "/etc/link", "../a"), 0);
    EXPECT_INT(look(tree, "etc/link").st_ino, inode);
    assert_int_equal(place_link(tree, "/etc/link", "../abc"), 0);
    EXPECT_STR(test_target(tree, "etc/link"), "../abc");
    test_write(tree, "etc/other", "text");
    assert_int_equal(place_link(tree, "/etc/other", "../a"), 0);
    EXPECT_STR(test_target(tree, "etc/other"), "../a");
    test_folder(tree, "etc/folder");
    assert_int_equal(place_link(tree, "/etc/folder", "../a"), -EISDIR);
    EXPECT_INT(test_mode(tree, "etc/folder.new~"), 0);
}

TEST(deleting_what_is_missing_is_no_failure)
{
    int tree = test_tree();

    assert_int_equal(place_delete(tree, "/etc/file"), 0);
    test_write(tree, "etc/file", "x");
    test_link(tree, "etc/link", "file");
    assert_int_equal(place_delete(tree, "/etc/link"), 0);
    EXPECT_STR(test_read(tree, "etc/file"), "x");
    assert_int_equal(place_delete(tree, "/etc/file"), 0);
    EXPECT_INT(test_mode(tree, "etc/file"), 0);
    test_folder(tree, "etc/folder");
    assert_int_equal(place_delete(tree, "/etc/folder"), -EISDIR);
}

static int file_mount(int tree, const char *path)
{
    auto_error struct error *err = NULL;
    auto_close int fd = path_open_in(tree, path, O_PATH, 0);
    int mount_fd = mount_clone(fd, "", false, &err);

    assert_true(mount_fd >= 0);
    return mount_fd;
}

TEST(a_bind_covers_files_links_and_what_links_lead_to)
{
    NEEDS_MOUNTS();
    int tree = test_tree(), host = test_tree();

    test_write(host, "source", "from the host");
    auto_close int first = file_mount(host, "source"), second = file_mount(host, "source"),
                   third = file_mount(host, "source"), fourth = file_mount(host, "source");

    EXPECT_OK(place_bind(tree, "/etc/missing", false, first, ERR));
    EXPECT_STR(test_read(tree, "etc/missing"), "from the host");

    test_link(tree, "etc/link", "../run/nowhere/file");
    EXPECT_OK(place_bind(tree, "/etc/link", false, second, ERR));
    EXPECT_STR(test_read(tree, "etc/link"), "from the host");
    EXPECT_INT(test_mode(tree, "run"), 0);

    test_folder(tree, "there");
    test_link(tree, "etc/followed", "../there/made");
    EXPECT_OK(place_bind(tree, "/etc/followed", true, third, ERR));
    EXPECT_STR(test_target(tree, "etc/followed"), "../there/made");
    EXPECT_STR(test_read(tree, "there/made"), "from the host");

    test_link(tree, "etc/nowhere", "../not/there");
    EXPECT_OK(place_bind(tree, "/etc/nowhere", true, fourth, ERR));
    EXPECT_STR(test_read(tree, "etc/nowhere"), "from the host");
    EXPECT_INT(test_mode(tree, "not"), 0);
}

TEST(a_bind_over_a_folder_fails)
{
    NEEDS_MOUNTS();
    int tree = test_tree();

    test_write(tree, "source", "x");
    test_folder(tree, "etc/folder");
    auto_close int fd = file_mount(tree, "source");
    EXPECT_FAIL(place_bind(tree, "/etc/folder", false, fd, ERR), EISDIR, "/etc/folder is a folder");
}

TESTS(RUN(a_copy_makes_the_file_and_its_folder), RUN(a_copy_keeps_inode_owner_and_mode_of_a_file_that_is_there),
      RUN(a_file_with_the_text_already_is_not_written), RUN(a_copy_does_not_touch_what_is_no_file),
      RUN(nothing_leaves_the_tree_by_a_linked_folder), RUN(a_replacement_takes_the_place_of_links_and_fifos),
      RUN(a_replacement_is_not_fooled_by_a_prepared_temporary_name),
      RUN(a_replacement_that_is_in_place_already_is_not_written),
      RUN(a_link_replaces_what_is_there_and_is_left_alone_when_right), RUN(deleting_what_is_missing_is_no_failure),
      RUN(a_bind_covers_files_links_and_what_links_lead_to), RUN(a_bind_over_a_folder_fails))
