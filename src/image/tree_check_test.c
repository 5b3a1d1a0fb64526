/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sanity of trees: each refusal and its hint. */
#include "image/tree_check.h"

#include "base/test.h"

#include "image/test_fs.h"

static char *make(const char *name, const char *script)
{
    RUN_OK("mkdir %s/%s && cd %s/%s && %s", test_folder(), name, test_folder(), name, script);
    return mem_format("%s/%s", test_folder(), name);
}

static int check(const char *path, const struct tree_needs *needs, struct error **err)
{
    auto_close int fd = -1;

    return tree_open(path, &fd, err) < 0 ? -error_code(*err) : tree_check(fd, path, needs, err);
}

TEST(a_path_that_leads_nowhere_is_refused_in_the_words_known)
{
    int fd;

    EXPECT_FAIL(tree_open("/nowhere/tree", &fd, ERR), ENOENT,
                "Failed to resolve path /nowhere/tree: No such file or directory");
    EXPECT_HINT("-M");
}

TEST(a_file_is_no_tree)
{
    int fd;

    EXPECT_FAIL(tree_open("/etc/passwd", &fd, ERR), ENOTDIR, "/etc/passwd is not a directory");
    EXPECT_HINT("--image=/etc/passwd");
    EXPECT_FAIL(tree_open("/etc/passwd/x", &fd, ERR), ENOTDIR, "a part of it is not a directory");
}

TEST(a_tree_without_usr_is_refused)
{
    const struct tree_needs needs = {0};
    auto_free char *empty = make("empty", "true"), *bundle = make("bundle", "mkdir -p rootfs/usr"),
                   *bin = make("bin", "mkdir bin"), *link = make("link", "ln -s /usr usr");

    EXPECT_FAIL(check(empty, &needs, ERR), ENOENT,
                "doesn't look like it has an OS tree (/usr/ directory is missing). Refusing.");
    EXPECT_HINT("debootstrap");
    EXPECT_FAIL(check(bundle, &needs, ERR), ENOENT, "doesn't look like it has an OS tree");
    EXPECT_HINT("bundle/rootfs");
    EXPECT_FAIL(check(bin, &needs, ERR), ENOENT, "doesn't look like it has an OS tree");
    EXPECT_HINT("an empty directory 'usr'");
    /* not the host's */
    EXPECT_FAIL(check(link, &needs, ERR), ENOENT, "doesn't look like it has an OS tree");
}

TEST(the_new_root_of_a_pivot_is_what_counts)
{
    const struct tree_needs needs = {.pivot_root_new = "/inner"}, missing = {.pivot_root_new = "/none"};
    auto_free char *good = make("good", "mkdir -p inner/usr"), *bad = make("bad", "mkdir -p inner usr");

    EXPECT_OK(check(good, &needs, ERR));
    EXPECT_FAIL(check(bad, &needs, ERR), ENOENT, "doesn't look like it has an OS tree");
    EXPECT_HINT("in /inner of the tree");
    EXPECT_FAIL(check(bad, &missing, ERR), ENOENT, "doesn't look like it has an OS tree");
    EXPECT_HINT("no directory /none");
}

TEST(a_system_to_boot_needs_an_os_release_that_is_really_there)
{
    const struct tree_needs boot = {.boot = true, .os_release = true}, unchecked = {.boot = true},
                            command = {.os_release = true};
    auto_free char *none = make("none", "mkdir -p usr/lib etc && ln -s ../usr/lib/os-release etc/os-release"),
                   *vendor = make("vendor", "mkdir -p usr/lib && touch usr/lib/os-release"),
                   *linked = make("linked",
                                  "mkdir -p usr/share etc && touch usr/share/x && ln -s /usr/share/x etc/os-release");

    EXPECT_FAIL(check(none, &boot, ERR), ENOENT,
                "doesn't look like an OS root directory (os-release file is missing). Refusing.");
    EXPECT_HINT("SYSTEMD_NSPAWN_CHECK_OS_RELEASE=0");
    EXPECT_OK(check(none, &unchecked, ERR));
    EXPECT_OK(check(none, &command, ERR));
    EXPECT_OK(check(vendor, &boot, ERR));
    EXPECT_OK(check(linked, &boot, ERR));
}

TEST(the_host_is_run_only_when_nothing_of_it_can_change)
{
    const struct tree_needs needs = {0}, allowed = {.host_root_allowed = true};

    EXPECT_FAIL(check("/", &needs, ERR), EINVAL,
                "Spawning container on root directory is not supported. Consider using --ephemeral, "
                "--volatile=yes or --volatile=state.");
    EXPECT_FAIL(check("/usr/..", &needs, ERR), EINVAL, "Spawning container on root directory");
    EXPECT_OK(check("/", &allowed, ERR));
}

TEST(volatile_runs_need_a_merged_usr)
{
    const struct tree_needs needs = {.merged_usr = true};
    auto_free char *merged = make("merged", "mkdir -p usr/bin && ln -s usr/bin bin"),
                   *split = make("split", "mkdir -p usr/bin bin"), *only = make("only", "mkdir usr");

    EXPECT_OK(check(merged, &needs, ERR));
    EXPECT_OK(check(only, &needs, ERR));
    EXPECT_FAIL(check(split, &needs, ERR), EINVAL, "not merged /bin/");
    EXPECT_HINT("--volatile=overlay");
}

TEST(a_mount_that_forbids_programs_is_named)
{
    NEED_ROOT();
    auto_free char *mounted = make("noexec", "mount -t tmpfs -o noexec,nosuid t . && mkdir -p $PWD/tree/usr"),
                   *tree = mem_format("%s/tree", mounted),
                   *said = mem_format("the file system mounted on %s has noexec", mounted), *nosuid = NULL;
    auto_close int fd = open_dir(tree), other = open_dir("/");

    EXPECT_FAIL(tree_check_mount(fd, tree, ERR), EACCES, said);
    EXPECT_HINT("remount,exec");
    EXPECT_OK(tree_check_mount(other, "/", ERR));
    EXPECT_TRUE(tree_is_nosuid(fd, &nosuid));
    EXPECT_STR(nosuid, mounted);
}

TESTS(RUN(a_path_that_leads_nowhere_is_refused_in_the_words_known), RUN(a_file_is_no_tree),
      RUN(a_tree_without_usr_is_refused), RUN(the_new_root_of_a_pivot_is_what_counts),
      RUN(a_system_to_boot_needs_an_os_release_that_is_really_there),
      RUN(the_host_is_run_only_when_nothing_of_it_can_change), RUN(volatile_runs_need_a_merged_usr),
      RUN(a_mount_that_forbids_programs_is_named))
