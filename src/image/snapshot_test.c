/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Temporary and lasting copies of trees, on every kind of file system at hand. */
#include "image/snapshot.h"

#include <sys/prctl.h>
#include <time.h>

#include "base/kernel.h"
#include "base/strings.h"
#include "image/idmap.h"
#include "image/overlay.h"
#include "image/shift.h"

#include "base/test.h"

#include "image/test_fs.h"

#define BASE 0x60000u

static int64_t now_ms(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int open_map(uint32_t inside)
{
    struct id_map map = {.inside = inside, .outside = BASE, .count = 65536};
    auto_error struct error *err = NULL;
    int fd;

    if (idmap_userns_open(&map, 1, &fd, &err) < 0)
        fail_msg("%s", error_text(err));
    return fd;
}

/* Plans, makes and attaches a temporary copy of TREE at AT. */
static void make_ephemeral(const char *tree, const char *at, int userns_fd, bool metadata_only, struct snapshot *ret)
{
    auto_error struct error *err = NULL;
    auto_close int fd = open_dir(tree), mount_fd = -1;

    if (snapshot_plan_ephemeral(fd, tree, ret, &err) < 0 || snapshot_make(ret, fd, -1, &err) < 0)
        fail_msg("%s", error_text(err));
    ret->metadata_only = metadata_only;
    if (snapshot_mount(ret, fd, userns_fd, &mount_fd, &err) < 0)
        fail_msg("%s", error_text(err));
    attach_mount(mount_fd, at);
}

static void make_tree(const char *top)
{
    RUN_OK(
        "cd %s && rm -rf tree && mkdir -p tree/etc tree/usr/lib && echo one >tree/etc/f && echo two "
        ">tree/usr/lib/lib && chmod 750 tree "
        "&& setfacl -m u:5:rx tree && touch -d 2001-02-03 tree",
        top);
}

static void ephemeral_on(const char *top, enum snapshot_kind kind, struct error **err_)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    auto_free char *tree = mem_format("%s/tree", top), *at = mem_format("%s/at", test_folder());

    if (kind == SNAPSHOT_SUBVOLUME)
        RUN_OK(
            "btrfs -q subvolume create %s/tree && btrfs -q subvolume create %s/tree/nested && touch "
            "%s/tree/nested/inside && mkdir -p "
            "%s/tree/etc %s/tree/usr/lib && echo one >%s/tree/etc/f && chmod 750 %s/tree && setfacl -m u:5:rx "
            "%s/tree && touch -d "
            "2001-02-03 %s/tree",
            top, top, top, top, top, top, top, top, top);
    else
        make_tree(top);
    make_ephemeral(tree, at, -1, false, &snapshot);
    EXPECT_INT(snapshot.kind, kind);
    EXPECT_TRUE(!snapshot.in_memory && string_starts(snapshot.path, top));
    EXPECT_INT(strlen(path_last(snapshot.path)), strlen(".#snapshot.tree") + 16);
    RUN_OK(
        "cd %s && test \"$(stat -c %%a:%%Y at)\" = \"$(stat -c %%a:%%Y %s)\" && getfacl -n at 2>/dev/null | grep "
        "-q user:5:r-x && "
        "echo more >>at/etc/f && mv at/usr at/usr2 && mkdir at/new && test \"$(cat %s/etc/f)\" = one && test -d "
        "%s/usr && ! test -e "
        "%s/new",
        test_folder(), tree, tree, tree, tree);
    if (kind == SNAPSHOT_SUBVOLUME)
        RUN_OK(
            "test -e %s/nested/inside && test $(stat -c %%i %s/nested) = 256 && touch %s/nested/more && ! test -e "
            "%s/nested/more",
            at, at, at, tree);
    EXPECT_INT(umount2(at, MNT_DETACH), 0);
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));
    RUN_OK("test -z \"$(ls -A %s | grep '^\\.#')\"", top);
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));     /* twice is no harm */
}

#define EPHEMERAL_ON(type, kind) \
    TEST(a_temporary_copy_on_##type##_is_one_and_vanishes) \
    { \
        NEED_MOUNT(top, #type); \
        ephemeral_on(top, kind, err_); \
    }

EPHEMERAL_ON(tmpfs, SNAPSHOT_OVERLAY)
EPHEMERAL_ON(ext4, SNAPSHOT_OVERLAY)
EPHEMERAL_ON(xfs, SNAPSHOT_OVERLAY)
EPHEMERAL_ON(btrfs, SNAPSHOT_SUBVOLUME)

TEST(a_plain_directory_on_btrfs_gets_an_overlay)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};

    NEED_MOUNT(top, "btrfs");
    RUN_OK("mkdir %s/plain", top);
    auto_free char *tree = mem_format("%s/plain", top);
    auto_close int fd = open_dir(tree);
    EXPECT_OK(snapshot_plan_ephemeral(fd, tree, &snapshot, ERR));
    EXPECT_INT(snapshot.kind, SNAPSHOT_OVERLAY);
}

TEST(a_temporary_copy_of_many_files_is_there_at_once)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};

    NEED_MOUNT(top, "ext4");
    RUN_OK(
        "mkdir -p %s/big && cd %s/big && truncate -s 20G hole && for i in $(seq 40); do mkdir $i && (cd $i && seq "
        "500 | xargs touch); done",
        top, top);
    auto_free char *tree = mem_format("%s/big", top), *at = mem_format("%s/big-at", test_folder());
    int64_t start = now_ms();
    make_ephemeral(tree, at, -1, false, &snapshot);
    EXPECT_TRUE(now_ms() - start < 150);
    RUN_OK("test -e %s/40/500 && test $(du -sk %s | cut -f1) -lt 100", at, snapshot.path);
    EXPECT_INT(umount2(at, MNT_DETACH), 0);
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));
}

/* The owner of a mapped layer writes; root of the host looks at what came of it. */
static void mapped_on(const char *top, uint32_t disk, bool memory, struct error **err_)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    auto_free char *tree = mem_format("%s/mapped", top), *at = mem_format("%s/mapped-at", test_folder());
    auto_close int userns_fd = open_map(disk);

    RUN_OK("cd %s && rm -rf mapped && mkdir -p mapped/etc && echo one >mapped/etc/f && chown -R %u:%u mapped", top,
           disk, disk);
    if (memory)
        RUN_OK("mount -t tmpfs t /var/tmp && mount --bind %s %s && mount -o remount,bind,ro %s", top, top, top);
    make_ephemeral(tree, at, userns_fd, false, &snapshot);
    EXPECT_INT(snapshot.in_memory, memory);
    RUN_OK(
        "cd %s && test $(stat -c %%u mapped-at/etc/f) = %u && setpriv --reuid %u --regid %u --clear-groups sh -c "
        "'echo two "
        ">>mapped-at/etc/f && mkdir mapped-at/new && rm mapped-at/etc/f && mv mapped-at/etc mapped-at/moved' && ! "
        "test -e "
        "mapped-at/etc && test \"$(cat %s/etc/f)\" = one",
        test_folder(), BASE, BASE, BASE, tree);
    if (!memory)
        RUN_OK("test $(stat -c %%u:%%g %s/upper/new) = %u:%u", snapshot.path, disk, disk);
    EXPECT_INT(umount2(at, MNT_DETACH), 0);
    if (memory)
        RUN_OK("umount %s && umount /var/tmp", top);
    else
        EXPECT_OK(snapshot_remove(snapshot.path, ERR));
}

TEST(a_temporary_copy_can_be_mapped)
{
    NEED_MOUNT(top, "ext4");
    mapped_on(top, 0, false, err_);
}

TEST(a_temporary_copy_of_a_foreign_tree_can_be_mapped)
{
    NEED_MOUNT(top, "ext4");
    mapped_on(top, 0x7FFE0000, false, err_);
}

TEST(a_temporary_copy_of_a_read_only_tree_lives_in_memory_where_no_disk_offers_itself)
{
    NEED_MOUNT(top, "ext4");
    mapped_on(top, 0, true, err_);
}

TEST(a_temporary_copy_on_a_mapped_subvolume_is_mapped)
{
    NEED_MOUNT(top, "btrfs");
    RUN_OK("btrfs -q subvolume create %s/sub && mkdir %s/sub/etc", top, top);
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    auto_free char *tree = mem_format("%s/sub", top), *at = mem_format("%s/sub-at", test_folder());
    auto_close int userns_fd = open_map(0);
    make_ephemeral(tree, at, userns_fd, false, &snapshot);
    EXPECT_INT(snapshot.kind, SNAPSHOT_SUBVOLUME);
    RUN_OK("test $(stat -c %%u %s/etc) = %u && umount %s", at, BASE, at);
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));
}

TEST(owners_can_be_changed_on_a_temporary_copy_without_copying_content)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    uint64_t changed;

    NEED_MOUNT(top, "ext4");
    RUN_OK("cd %s && rm -rf heavy && mkdir heavy && head -c 30M /dev/urandom >heavy/blob", top);
    auto_free char *tree = mem_format("%s/heavy", top), *at = mem_format("%s/heavy-at", test_folder());
    make_ephemeral(tree, at, -1, true, &snapshot);
    auto_close int fd = open_dir(at);
    EXPECT_OK(tree_shift(fd, at, BASE, -1, &changed, ERR));
    EXPECT_INT(changed, 2);
    fd_closep(&fd);
    RUN_OK(
        "cd %s && test $(stat -c %%u heavy-at/blob) = %u && cmp heavy-at/blob %s/blob && test $(du -sk %s | cut "
        "-f1) -lt 1000 && test "
        "$(stat -c %%u %s/blob) = 0 && umount heavy-at",
        test_folder(), BASE, tree, snapshot.path, tree);
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));
}

TEST(a_temporary_copy_of_the_host_shows_neither_itself_nor_what_is_mounted)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};

    NEED_ROOT();
    auto_free char *at = mem_format("%s/host-at", test_folder());
    make_ephemeral("/", at, -1, false, &snapshot);
    EXPECT_TRUE(!snapshot.path || string_starts(snapshot.path, "/.#machine.") ||
                string_starts(snapshot.path, "/var/tmp/.#machine."));
    RUN_OK(
        "test -d %s/usr && ! test -e %s/proc/self && test -z \"$(ls -A %s | grep '^\\.#machine')\" && touch "
        "%s/redd-was-here && ! test -e "
        "/redd-was-here && umount %s",
        at, at, at, at, at);
    if (snapshot.path)
        EXPECT_OK(snapshot_remove(snapshot.path, ERR));
    RUN_OK("test -z \"$(ls -A / | grep '^\\.#machine')\"");
}

TEST(a_tree_on_an_overlay_mount_gets_its_upper_layer_on_the_disk_beside)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};

    NEED_MOUNT(top, "ext4");
    RUN_OK("cd %s && mkdir -p ov/low/etc ov/low2 ov/m && mount -t overlay o -o lowerdir=$PWD/ov/low:$PWD/ov/low2 ov/m",
           top);
    auto_free char *tree = mem_format("%s/ov/m", top), *at = mem_format("%s/ov-at", test_folder());
    make_ephemeral(tree, at, -1, false, &snapshot);
    EXPECT_TRUE(!snapshot.in_memory && strstr(snapshot.path, "/ov/.#snapshot.m"));
    RUN_OK("touch %s/etc/x && umount %s %s", at, at, tree);
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));
}

TEST(a_temporary_copy_of_a_tree_on_an_overlay_mount_is_mapped_through_all_layers)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};

    NEED_MOUNT(top, "ext4");
    RUN_OK("cd %s && mkdir -p deep/low/etc deep/low/gone deep/up deep/work deep/m && touch deep/low/etc/f && "
           "mount -t overlay o -o lowerdir=$PWD/deep/low,upperdir=$PWD/deep/up,workdir=$PWD/deep/work deep/m && "
           "echo up >deep/m/etc/f && rmdir deep/m/gone",
           top);
    auto_free char *tree = mem_format("%s/deep/m", top), *at = mem_format("%s/deep-at", test_folder());
    auto_close int userns_fd = open_map(0);
    make_ephemeral(tree, at, userns_fd, false, &snapshot);
    RUN_OK("cd %s && test $(stat -c %%u deep-at/etc/f) = %u && test \"$(cat deep-at/etc/f)\" = up && "
           "! test -e deep-at/gone && setpriv --reuid %u --regid %u --clear-groups sh -c 'mkdir deep-at/new && "
           "echo more >>deep-at/etc/f' && test \"$(cat %s/etc/f)\" = up && ! test -e %s/new && umount deep-at %s",
           test_folder(), BASE, BASE, BASE, tree, tree, tree);
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));
}

/* What kernels before 6.15 need, and what it must not do: show anything to the host. */
TEST(layers_can_be_attached_in_a_namespace_of_their_own)
{
    NEED_MOUNT(top, "ext4");
    RUN_OK(
        "cd %s && rm -rf ns && mkdir -p ns/low/etc ns/low2/usr ns/top/upper ns/top/work ns/at && findmnt -rn | wc "
        "-l >ns/before",
        top);
    auto_free char *low = mem_format("%s/ns/low", top), *low2 = mem_format("%s/ns/low2", top),
                   *t = mem_format("%s/ns/top", top), *at = mem_format("%s/ns/at", top);
    auto_close int low_fd = open_dir(low), low2_fd = open_dir(low2), top_fd = open_dir(t), userns_fd = open_map(0);
    const int lowers[] = {low_fd, low2_fd};
    struct overlay overlay = {
        .lower_fds = lowers,
        .n_lowers = 2,
        .top_fd = top_fd,
        .upper = "upper",
        .work = "work",
        .userns_fd = userns_fd,
        .in_namespace = true,
    };
    int mount_fd;
    EXPECT_OK(overlay_mount(&overlay, &mount_fd, ERR));
    RUN_OK("cd %s/ns && test $(findmnt -rn | wc -l) = $(cat before) && test -d /sys/kernel", top);
    attach_mount(mount_fd, at);
    (void) close(mount_fd);
    RUN_OK(
        "cd %s/ns && test $(stat -c %%u at/etc) = %u && test -d at/usr && setpriv --reuid %u --regid %u "
        "--clear-groups mkdir at/new && test "
        "$(stat -c %%u top/upper/new) = 0 && umount at",
        top, BASE, BASE, BASE);
    overlay.userns_fd = -1;
    EXPECT_OK(overlay_mount(&overlay, &mount_fd, ERR));
    (void) close(mount_fd);
    EXPECT_INT(prctl(PR_GET_DUMPABLE), 1);
}

static void template_on(const char *top, enum snapshot_kind kind, struct error **err_)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    auto_free char *tree = mem_format("%s/template", top), *target = mem_format("%s/fresh", top);

    if (kind == SNAPSHOT_SUBVOLUME)
        RUN_OK("btrfs -q subvolume create %s && mkdir %s/etc && btrfs property set %s ro true", tree, tree, tree);
    else
        RUN_OK("rm -rf %s && mkdir -p %s/etc", tree, tree);
    auto_close int fd = open_dir(tree);
    EXPECT_OK(snapshot_plan_template(fd, target, &snapshot, ERR));
    EXPECT_INT(snapshot.kind, kind);
    EXPECT_OK(snapshot_make(&snapshot, fd, -1, ERR));
    RUN_OK("! test -e %s", target);
    EXPECT_OK(snapshot_commit(&snapshot, ERR));
    RUN_OK(
        "cd %s && test -d fresh/etc && touch fresh/etc/x && ! test -e template/etc/x && test -z \"$(ls -A | grep "
        "'^\\.#')\"",
        top);
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));
    RUN_OK("test -d %s/etc", target);

    /* somebody else was first */
    snapshot_done(&snapshot);
    EXPECT_OK(snapshot_plan_template(fd, target, &snapshot, ERR));
    EXPECT_OK(snapshot_make(&snapshot, fd, -1, ERR));
    EXPECT_FAIL(snapshot_commit(&snapshot, ERR), EEXIST, "cannot put the copy of the template into place");
    EXPECT_OK(snapshot_remove(snapshot.path, ERR));
    RUN_OK("cd %s && test -z \"$(ls -A | grep '^\\.#')\"", top);
}

TEST(a_template_on_ext4_is_copied)
{
    NEED_MOUNT(top, "ext4");
    template_on(top, SNAPSHOT_COPY, err_);
}

TEST(a_template_on_btrfs_is_snapshotted_even_when_read_only)
{
    NEED_MOUNT(top, "btrfs");
    template_on(top, SNAPSHOT_SUBVOLUME, err_);
}

TEST(a_template_on_another_file_system_is_copied_into_a_subvolume)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};

    NEED_MOUNT(top, "btrfs");
    RUN_OK("mkdir -p %s/else/etc", test_folder());
    auto_free char *tree = mem_format("%s/else", test_folder()), *target = mem_format("%s/from-else", top);
    auto_close int fd = open_dir(tree);
    EXPECT_OK(snapshot_plan_template(fd, target, &snapshot, ERR));
    EXPECT_OK(snapshot_make(&snapshot, fd, -1, ERR));
    EXPECT_OK(snapshot_commit(&snapshot, ERR));
    RUN_OK("test -d %s/etc && test $(stat -c %%i %s) = 256", target, target);
}

TEST(a_subvolume_as_template_for_another_file_system_is_copied)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};

    NEED_MOUNT(top, "btrfs");
    RUN_OK("btrfs -q subvolume create %s/leaving && mkdir %s/leaving/etc", top, top);
    auto_free char *tree = mem_format("%s/leaving", top), *target = mem_format("%s/arrived", test_folder());
    auto_close int fd = open_dir(tree);
    EXPECT_OK(snapshot_plan_template(fd, target, &snapshot, ERR));
    EXPECT_INT(snapshot.kind, SNAPSHOT_SUBVOLUME);
    EXPECT_OK(snapshot_make(&snapshot, fd, -1, ERR));
    EXPECT_INT(snapshot.kind, SNAPSHOT_COPY);
    EXPECT_OK(snapshot_commit(&snapshot, ERR));
    RUN_OK("test -d %s/etc", target);
}

TEST(a_target_without_a_parent_is_refused)
{
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    auto_close int fd = open_dir(test_folder());

    EXPECT_FAIL(snapshot_plan_template(fd, "/nowhere/at/all", &snapshot, ERR), ENOENT, "for want of /nowhere/at");
    EXPECT_HINT("only the last directory");
}

TEST(what_a_container_made_immutable_is_removed_all_the_same)
{
    NEED_MOUNT(top, "ext4");
    RUN_OK(
        "cd %s && mkdir -p '.#snapshot.x/upper/a' && touch '.#snapshot.x/upper/a/f' '.#snapshot.x/upper/g' && "
        "chattr +i "
        "'.#snapshot.x/upper/a/f' '.#snapshot.x/upper/a' && chattr +a '.#snapshot.x/upper/g' '.#snapshot.x/upper'",
        top);
    auto_free char *path = mem_format("%s/.#snapshot.x", top);
    EXPECT_OK(snapshot_remove(path, ERR));
    RUN_OK("! test -e '%s'", path);
}

TEST(only_temporary_names_are_removed)
{
    auto_free char *path = mem_format("%s/precious", test_folder());
    struct strings args = {0};

    EXPECT_INT(mkdir(path, 0755), 0);
    EXPECT_FAIL(snapshot_remove(path, ERR), EINVAL, "is not the name of a temporary tree");
    EXPECT_FAIL(snapshot_remove(".#snapshot.relative", ERR), EINVAL, "is not the name of a temporary tree");
    strings_add(&args, path);
    EXPECT_FAIL(undo_snapshot(&args, ERR), EINVAL, "is not the name of a temporary tree");
    strings_clear(&args);
    strings_add(&args, "/nowhere/.#snapshot.gone");
    EXPECT_OK(undo_snapshot(&args, ERR));
    strings_clear(&args);
    EXPECT_INT(access(path, F_OK), 0);
}

TESTS(RUN(a_temporary_copy_on_tmpfs_is_one_and_vanishes), RUN(a_temporary_copy_on_ext4_is_one_and_vanishes),
      RUN(a_temporary_copy_on_xfs_is_one_and_vanishes), RUN(a_temporary_copy_on_btrfs_is_one_and_vanishes),
      RUN(a_plain_directory_on_btrfs_gets_an_overlay), RUN(a_temporary_copy_of_many_files_is_there_at_once),
      RUN(a_temporary_copy_can_be_mapped), RUN(a_temporary_copy_of_a_foreign_tree_can_be_mapped),
      RUN(a_temporary_copy_of_a_read_only_tree_lives_in_memory_where_no_disk_offers_itself),
      RUN(a_temporary_copy_on_a_mapped_subvolume_is_mapped),
      RUN(owners_can_be_changed_on_a_temporary_copy_without_copying_content),
      RUN(a_temporary_copy_of_the_host_shows_neither_itself_nor_what_is_mounted),
      RUN(a_tree_on_an_overlay_mount_gets_its_upper_layer_on_the_disk_beside),
      RUN(a_temporary_copy_of_a_tree_on_an_overlay_mount_is_mapped_through_all_layers),
      RUN(layers_can_be_attached_in_a_namespace_of_their_own), RUN(a_template_on_ext4_is_copied),
      RUN(a_template_on_btrfs_is_snapshotted_even_when_read_only),
      RUN(a_template_on_another_file_system_is_copied_into_a_subvolume),
      RUN(a_subvolume_as_template_for_another_file_system_is_copied), RUN(a_target_without_a_parent_is_refused),
      RUN(what_a_container_made_immutable_is_removed_all_the_same), RUN(only_temporary_names_are_removed))
