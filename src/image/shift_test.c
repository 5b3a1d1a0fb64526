/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing all owners of a tree, back again, and after having been killed. */
#include "image/shift.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/test.h"

#include "image/test_fs.h"

#define BASE 0x60000u

/* What a tree looks like to somebody who cares for owners. */
#define LIST(top, name, to) \
    RUN_OK("cd %s/%s && (find . -printf '%%p %%y %%m %%U %%G %%s %%T@ %%l\\n' | sort; " \
           "find . -print0 | sort -z | xargs -0 getfattr -hd -m - 2>/dev/null) >../%s && test -s ../%s", \
           top, name, to, to)

static int shift_by_name(const char *top, const char *name, uint32_t base, uint64_t *ret_changed, struct error **err)
{
    auto_free char *path = mem_format("%s/%s", top, name);
    auto_close int fd = open_dir(path);

    return tree_shift(fd, path, base, -1, ret_changed, err);
}

static void make_tree(const char *top, const char *name)
{
    RUN_OK(
        "cd %s && rm -rf %s && mkdir %s && cd %s && mkdir -p a/b srv var/mail && touch a/f && chown 5:8 a/f && ln "
        "-s /etc/passwd link "
        "&& ln a/f hard && mkfifo pipe && mknod null c 1 3 && chmod 2775 var/mail && chown 0:8 var/mail && cp "
        "/bin/true suid && "
        "chmod 4755 suid && cp /bin/true sgid && chown 0:42 sgid && chmod 2755 sgid && cp /bin/true cap && setcap "
        "cap_net_raw+ep "
        "cap && setfacl -m u:5:rwx,g:8:rx,d:u:5:rx srv && chown 65534:65534 a/b && cp /bin/true all && setcap "
        "cap_net_raw+ep all "
        "&& chmod 6755 all && setfacl -m u:7:r all && setcap cap_net_raw+ep all",
        top, name, name, name);
}

static void there_and_back(const char *top, struct error **err_)
{
    uint64_t changed;

    make_tree(top, "there");
    LIST(top, "there", "before");
    EXPECT_OK(shift_by_name(top, "there", BASE, &changed, ERR));
    EXPECT_INT(changed, 14);
    RUN_OK(
        "cd %s/there && test -z \"$(find . -uid -393216 -o -gid -393216)\" && test \"$(stat -c %%u:%%g:%%a a/f "
        "sgid var/mail a/b suid "
        "all | tr '\\n' ' ')\" = '393221:393224:644 393216:393258:2755 393216:393224:2775 458750:458750:755 "
        "393216:393216:4755 "
        "393216:393216:6755 ' && getfacl -n srv 2>/dev/null | grep -q user:393221:rwx && getfacl -n srv "
        "2>/dev/null | grep -q "
        "default:user:393221:r-x && getcap cap | grep -q cap_net_raw=ep && getcap all | grep -q cap_net_raw=ep && "
        "! getfattr -Rhd -m redd . 2>/dev/null | grep -q redd",
        top);
    EXPECT_OK(shift_by_name(top, "there", 0, &changed, ERR));
    LIST(top, "there", "after");
    RUN_OK("cd %s && diff before after >&2", top);
}

#define SHIFT_ON(type) \
    TEST(owners_move_on_##type##_and_come_back) \
    { \
        NEED_MOUNT(top, #type); \
        there_and_back(top, err_); \
    }

SHIFT_ON(tmpfs)
SHIFT_ON(ext4)
SHIFT_ON(xfs)
SHIFT_ON(btrfs)

TEST(a_tree_of_mixed_ranges_becomes_one)
{
    uint64_t changed;

    NEED_MOUNT(top, "tmpfs");
    RUN_OK("cd %s && mkdir -p mixed/a mixed/b && chown 131077:131080 mixed/a && chown 5:131080 mixed/b", top);
    EXPECT_OK(shift_by_name(top, "mixed", BASE, &changed, ERR));
    RUN_OK("cd %s/mixed && test \"$(stat -c %%u:%%g a b | tr '\\n' ' ')\" = '393221:393224 393221:393224 '", top);
}

TEST(a_tree_whose_top_is_right_is_not_looked_at)
{
    uint64_t changed;

    NEED_MOUNT(top, "tmpfs");
    RUN_OK("cd %s && mkdir -p done/a && chown 393216:393216 done", top);
    EXPECT_OK(shift_by_name(top, "done", BASE, &changed, ERR));
    EXPECT_INT(changed, 0);
    RUN_OK("test $(stat -c %%u %s/done/a) = 0", top);
}

TEST(a_capability_for_one_container_follows_its_root)
{
    uint64_t changed;

    NEED_MOUNT(top, "tmpfs");
    RUN_OK(
        "cd %s && mkdir one && chown 131072:131072 one && cp /bin/true one/f && chown 131072:131072 one/f && "
        "setcap -n 131072 "
        "cap_net_raw+ep one/f",
        top);
    EXPECT_OK(shift_by_name(top, "one", BASE, &changed, ERR));
    RUN_OK("getcap -n %s/one/f | grep -q 'rootid=393216'", top);
    EXPECT_OK(shift_by_name(top, "one", 0, &changed, ERR));
    RUN_OK("getcap -n %s/one/f | grep -q cap_net_raw && ! getcap -n %s/one/f | grep -q rootid", top, top);
}

TEST(what_is_mounted_below_keeps_its_owner)
{
    uint64_t changed;

    NEED_MOUNT(top, "tmpfs");
    RUN_OK(
        "cd %s && mkdir -p holes/m && echo x >outside && : >holes/f && mount -t tmpfs t holes/m && : "
        ">holes/m/inside && mount --bind "
        "outside holes/f",
        top);
    EXPECT_OK(shift_by_name(top, "holes", BASE, &changed, ERR));
    RUN_OK(
        "cd %s && test \"$(stat -c %%u holes holes/m/inside outside | tr '\\n' ' ')\" = '393216 0 0 ' && umount "
        "holes/m holes/f && "
        "test \"$(stat -c %%u holes/m holes/f | tr '\\n' ' ')\" = '393216 393216 '",
        top);
}

/* A file whose owner changed and whose mode and capability did not come back yet, as a kill -9 leaves it. */
TEST(what_a_killed_run_took_from_a_file_is_given_back)
{
    uint64_t changed;

    NEED_MOUNT(top, "ext4");
    RUN_OK(
        "cd %s && mkdir killed && cp /bin/true killed/f && chown 393216:393216 killed/f && chmod 755 killed/f && "
        "setfattr -n trusted.redd.shift -v 0xed090000140000000100000200200000000000000000000000000000$(printf "
        "'%%08d' 0) killed/f",
        top);
    EXPECT_OK(shift_by_name(top, "killed", BASE, &changed, ERR));
    RUN_OK(
        "cd %s/killed && test $(stat -c %%a f) = 4755 && getcap f | grep -q cap_net_raw=ep && ! getfattr -d -m "
        "redd f | grep -q redd",
        top);
}

/* Moves the tree in a child that is killed when it has done N system calls. False: it came to its end before. */
static bool killed_after(const char *top, const char *name, unsigned n)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        auto_error struct error *ignored = NULL;
        uint64_t changed;

        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0)
            _exit(2);
        _exit(shift_by_name(top, name, BASE, &changed, &ignored) < 0);
    }
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSTOPPED(status));
    /* two stops a call, on its way in and out */
    for (unsigned i = 0; i < 2 * n; i++) {
        EXPECT_INT(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        EXPECT_INT(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status)) {
            EXPECT_INT(WEXITSTATUS(status), 0);
            return false;
        }
    }
    EXPECT_INT(kill(pid, SIGKILL), 0);
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    return true;
}

TEST(a_run_killed_at_any_system_call_is_finished_by_the_next)
{
    uint64_t changed;
    unsigned n = 1;

    NEED_MOUNT(top, "tmpfs");
    make_tree(top, "origin");
    RUN_OK("cd %s && cp -a origin calm", top);
    EXPECT_OK(shift_by_name(top, "calm", BASE, &changed, ERR));
    LIST(top, "calm", "calm-after");

    for (;; n++) {
        RUN_OK("cd %s && rm -rf many && cp -a origin many", top);
        if (!killed_after(top, "many", n))
            break;
        EXPECT_OK(shift_by_name(top, "many", BASE, &changed, ERR));
        LIST(top, "many", "many-after");
        RUN_OK("cd %s && diff calm-after many-after >&2", top);
    }
    EXPECT_TRUE(n > 50);
}

TEST(read_only_trees_are_refused_before_anything_changes)
{
    uint64_t changed;

    NEED_MOUNT(top, "ext4");
    RUN_OK("cd %s && mkdir -p ro flagged && mount --bind ro ro && mount -o remount,bind,ro ro && chattr +i flagged",
           top);
    EXPECT_FAIL(shift_by_name(top, "ro", BASE, &changed, ERR), EROFS, "mounted read-only");
    EXPECT_HINT("--private-users-ownership=map");
    EXPECT_FAIL(shift_by_name(top, "flagged", BASE, &changed, ERR), EROFS, "marked read-only");
    EXPECT_HINT("machinectl read-only flagged no");
    RUN_OK("chattr -i %s/flagged", top);
}

TEST(a_read_only_subvolume_is_refused)
{
    uint64_t changed;

    NEED_MOUNT(top, "btrfs");
    RUN_OK("cd %s && btrfs -q subvolume create sub && btrfs property set sub ro true", top);
    EXPECT_FAIL(shift_by_name(top, "sub", BASE, &changed, ERR), EROFS, "marked read-only");
}

TEST(a_file_that_cannot_be_changed_is_named)
{
    uint64_t changed;

    NEED_MOUNT(top, "ext4");
    RUN_OK("cd %s && mkdir -p fixed/etc && touch fixed/etc/f && chattr +i fixed/etc/f", top);
    EXPECT_FAIL(shift_by_name(top, "fixed", BASE, &changed, ERR), EPERM, "cannot change the owner of 'etc/f' in ");
    EXPECT_HINT("chattr(1)");
    RUN_OK("chattr -i %s/fixed/etc/f && test $(stat -c %%u %s/fixed) = 0", top, top);
}

TEST(a_range_that_is_not_aligned_is_refused)
{
    uint64_t changed;

    EXPECT_FAIL(shift_by_name("/", "tmp", BASE + 1, &changed, ERR), EINVAL,
                "only supported for UID/GID ranges starting at multiples");
}

TESTS(RUN(owners_move_on_tmpfs_and_come_back), RUN(owners_move_on_ext4_and_come_back),
      RUN(owners_move_on_xfs_and_come_back), RUN(owners_move_on_btrfs_and_come_back),
      RUN(a_tree_of_mixed_ranges_becomes_one), RUN(a_tree_whose_top_is_right_is_not_looked_at),
      RUN(a_capability_for_one_container_follows_its_root), RUN(what_is_mounted_below_keeps_its_owner),
      RUN(what_a_killed_run_took_from_a_file_is_given_back),
      RUN(a_run_killed_at_any_system_call_is_finished_by_the_next),
      RUN(read_only_trees_are_refused_before_anything_changes), RUN(a_read_only_subvolume_is_refused),
      RUN(a_file_that_cannot_be_changed_is_named), RUN(a_range_that_is_not_aligned_is_refused))
