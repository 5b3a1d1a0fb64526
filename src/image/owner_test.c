/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of ids: whose a tree is, and which one is picked. */
#include "image/owner.h"

#include "base/test.h"

#include "image/test_fs.h"

static void private_run(void)
{
    static bool done;

    (void) test_folder();
    if (!done)
        EXPECT_INT(mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"), 0);
    done = true;
}

static int owned_by(const char *name, uid_t uid, gid_t gid)
{
    auto_free char *path = mem_format("%s/%s", test_folder(), name);

    EXPECT_TRUE(mkdir(path, 0755) == 0 && chown(path, uid, gid) == 0);
    return open_dir(path);
}

TEST(the_base_of_a_tree_is_that_of_its_top_directory)
{
    uint32_t base;

    NEED_ROOT();
    auto_close int zero = owned_by("zero", 0, 0), some = owned_by("some", 655365, 655360),
                   mixed = owned_by("mixed", 655360, 65536);
    EXPECT_OK(owner_base(zero, "/zero", &base, ERR));
    EXPECT_INT(base, 0);
    EXPECT_OK(owner_base(some, "/some", &base, ERR));
    EXPECT_INT(base, 655360);
    EXPECT_FAIL(owner_base(mixed, "/mixed", &base, ERR), EINVAL, "UID and GID base of /mixed don't match.");
    EXPECT_HINT("--private-users=655360");
}

TEST(a_name_has_one_range_and_it_may_be_picked)
{
    static const char *const names[] = {"a", "web", "web1", "p1", "other", "", "a-rather-long-name.with.dots"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        uint32_t base = owner_base_of_name(names[i]);

        EXPECT_INT(base, owner_base_of_name(names[i]));
        EXPECT_TRUE(base % ID_RANGE_SIZE == 0 && base >= ID_PICK_FIRST && base <= ID_PICK_LAST);
    }
    EXPECT_TRUE(owner_base_of_name("a") != owner_base_of_name("b"));
    /* it is in the owners of trees on disk, and so may never change */
    EXPECT_INT(owner_base_of_name("web"), 0x47e40000);
}

TEST(the_range_that_owns_the_tree_is_picked_again)
{
    struct lock_file lock = LOCK_FILE_NONE;
    uint32_t base;

    NEED_ROOT();
    private_run();
    auto_close int fd = owned_by("again", 655360, 655360);
    EXPECT_OK(owner_pick(fd, "web", &base, &lock, ERR));
    EXPECT_INT(base, 655360);
    RUN_OK("test $(ls /run/systemd/nspawn-uid) = 655360");
    lock_file_done(&lock);
    RUN_OK("test -z \"$(ls /run/systemd/nspawn-uid)\"");
}

TEST(the_range_of_the_name_is_picked_for_a_plain_tree_and_another_when_it_is_taken)
{
    struct lock_file first = LOCK_FILE_NONE, second = LOCK_FILE_NONE;
    uint32_t base, other;

    NEED_ROOT();
    private_run();
    auto_close int fd = owned_by("plain", 0, 0);
    EXPECT_OK(owner_pick(fd, "web", &base, &first, ERR));
    EXPECT_INT(base, owner_base_of_name("web"));
    EXPECT_OK(owner_pick(fd, "web", &other, &second, ERR));
    EXPECT_TRUE(other != base && other % ID_RANGE_SIZE == 0 && other >= ID_PICK_FIRST && other <= ID_PICK_LAST);
    lock_file_done(&first);
    lock_file_done(&second);
}

TEST(a_range_that_starts_with_a_user_or_group_of_the_host_is_not_picked)
{
    struct lock_file lock = LOCK_FILE_NONE;
    uint32_t base, web = owner_base_of_name("web");

    NEED_ROOT();
    private_run();
    auto_close int fd = owned_by("user", 0, 0);
    RUN_OK(
        "cd %s && cp /etc/passwd passwd && echo 'somebody:x:%u:100::/:/bin/sh' >>passwd && mount --bind passwd "
        "/etc/passwd",
        test_folder(), web);
    EXPECT_OK(owner_pick(fd, "web", &base, &lock, ERR));
    EXPECT_TRUE(base != web);
    lock_file_done(&lock);
    RUN_OK(
        "umount /etc/passwd && cd %s && cp /etc/group group && echo 'some:x:%u:' >>group && mount --bind group "
        "/etc/group",
        test_folder(), web);
    EXPECT_OK(owner_pick(fd, "web", &base, &lock, ERR));
    EXPECT_TRUE(base != web);
    lock_file_done(&lock);
    RUN_OK("umount /etc/group");
    EXPECT_OK(owner_pick(fd, "web", &base, &lock, ERR));
    EXPECT_INT(base, web);
    lock_file_done(&lock);
}

TEST(auto_changes_nothing_on_disk_where_it_can)
{
    NEED_ROOT();
    auto_close int plain = owned_by("auto-plain", 0, 0), mine = owned_by("auto-mine", 655360, 655360),
                   foreign = owned_by("auto-foreign", ID_FOREIGN_BASE, ID_FOREIGN_BASE);
    EXPECT_INT(owner_resolve_auto(plain, 655360, true), OWNERSHIP_MAP);
    EXPECT_INT(owner_resolve_auto(plain, 655360, false), OWNERSHIP_CHOWN);
    EXPECT_INT(owner_resolve_auto(mine, 655360, true), OWNERSHIP_OFF);
    EXPECT_INT(owner_resolve_auto(mine, 655360, false), OWNERSHIP_OFF);
    EXPECT_INT(owner_resolve_auto(foreign, 655360, true), OWNERSHIP_FOREIGN);
    EXPECT_INT(owner_map(OWNERSHIP_FOREIGN, 655360).inside, 2147352576);
    EXPECT_INT(owner_map(OWNERSHIP_MAP, 655360).inside, 0);
    EXPECT_INT(owner_map(OWNERSHIP_MAP, 655360).outside, 655360);
}

TESTS(RUN(the_base_of_a_tree_is_that_of_its_top_directory), RUN(a_name_has_one_range_and_it_may_be_picked),
      RUN(the_range_that_owns_the_tree_is_picked_again),
      RUN(the_range_of_the_name_is_picked_for_a_plain_tree_and_another_when_it_is_taken),
      RUN(a_range_that_starts_with_a_user_or_group_of_the_host_is_not_picked),
      RUN(auto_changes_nothing_on_disk_where_it_can))
