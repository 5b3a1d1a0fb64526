/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapped mounts, of plain file systems and of overlays. */
#include "image/idmap.h"

#include <sys/wait.h>

#include "image/mapped_tree.h"

#include "base/test.h"

#include "image/test_fs.h"

#define BASE 0x60000u

static int open_map(const struct id_map *maps, size_t n)
{
    auto_error struct error *err = NULL;
    int fd;

    if (idmap_userns_open(maps, n, &fd, &err) < 0)
        fail_msg("%s", error_text(err));
    return fd;
}

static int open_plain_map(void)
{
    static const struct id_map map = {.inside = 0, .outside = BASE, .count = 65536};

    return open_map(&map, 1);
}

TEST(a_map_leaves_a_namespace_and_no_process)
{
    static const struct id_map maps[] = {{0, BASE, 10}, {1000, 5, 1}};

    NEED_ROOT();
    auto_close int fd = open_map(maps, 2);
    EXPECT_TRUE(fd >= 0);
    EXPECT_INT(waitpid(-1, NULL, __WALL | WNOHANG), -1);
    EXPECT_INT(errno, ECHILD);
    RUN_OK("nsenter --user=/proc/%d/fd/%d cat /proc/self/uid_map | tr -s ' ' | grep -q ' 1000 5 1'", (int) getpid(),
           fd);
}

TEST(a_map_that_overlaps_is_refused)
{
    static const struct id_map maps[] = {{0, BASE, 10}, {5, 5, 1}};
    int fd;

    NEED_ROOT();
    EXPECT_FAIL(idmap_userns_open(maps, 2, &fd, ERR), EINVAL, "overlaps itself");
    EXPECT_FAIL(idmap_userns_open(maps, 0, &fd, ERR), EINVAL, "between 1 and");
    EXPECT_INT(waitpid(-1, NULL, __WALL | WNOHANG), -1);
}

static void is_mapped_on(const char *top, struct error **err_)
{
    RUN_OK("mkdir -p %s/tree/etc %s/at && chown 5:6 %s/tree/etc", top, top, top);
    auto_free char *tree = mem_format("%s/tree", top), *at = mem_format("%s/at", top);
    auto_close int tree_fd = open_dir(tree), userns_fd = open_plain_map();
    int mount_fd;

    EXPECT_TRUE(idmap_is_supported(tree_fd));
    EXPECT_OK(tree_mount_mapped(tree_fd, userns_fd, &mount_fd, ERR));
    attach_mount(mount_fd, at);
    (void) close(mount_fd);
    RUN_OK(
        "cd %s && chmod 777 tree/etc && test $(stat -c %%u:%%g at/etc) = 393221:393222 && setpriv --reuid 393223 "
        "--regid 393224 "
        "--clear-groups touch at/etc/new && test $(stat -c %%u:%%g tree/etc/new) = 7:8 && ! chown 1000 at/etc/new "
        "2>/dev/null && "
        "umount at",
        top);
}

#define MAPPED_ON(type) \
    TEST(owners_show_mapped_on_##type) \
    { \
        NEED_MOUNT(top, #type); \
        is_mapped_on(top, err_); \
    }

MAPPED_ON(tmpfs)
MAPPED_ON(ext4)
MAPPED_ON(xfs)
MAPPED_ON(btrfs)

/* An overlay on NAME/tree with two lower layers and odd names. */
static char *overlay_tree(const char *name, const char *options)
{
    auto_free char *top = mem_format("%s/%s", test_folder(), name);

    RUN_OK("mkdir -p '%s/lo:w,1/etc' '%s/low 2/usr' %s/top/upper %s/top/work %s/tree && touch '%s/lo:w,1/etc/low' && "
           "mount -t overlay overlay -o 'lowerdir=%s/lo\\:w\\,1:%s/low 2%s%s%s%s%s%s' %s/tree",
           top, top, top, top, top, top, top, top, *options ? ",upperdir=" : "", *options ? top : "",
           *options ? "/top/upper,workdir=" : "", *options ? top : "", *options ? "/top/work" : "", options, top);
    return mem_format("%s/tree", top);
}

TEST(an_overlay_is_mapped_by_its_layers)
{
    int mount_fd;

    NEED_ROOT();
    auto_free char *tree = overlay_tree("layers", ",metacopy=on,redirect_dir=on"),
                   *at = mem_format("%s/layers-at", test_folder());
    auto_close int tree_fd = open_dir(tree), userns_fd = open_plain_map();
    EXPECT_TRUE(!idmap_is_supported(tree_fd));
    EXPECT_OK(tree_mount_mapped(tree_fd, userns_fd, &mount_fd, ERR));
    attach_mount(mount_fd, at);
    (void) close(mount_fd);
    RUN_OK(
        "cd %s && test $(stat -c %%u layers-at/etc/low) = 393216 && test -d layers-at/usr && setpriv --reuid 393216 "
        "--regid 393216 --clear-groups sh -c 'echo x >layers-at/etc/low && mkdir layers-at/var && chmod 777 "
        "layers-at/var' && "
        "setpriv --reuid 393221 --regid 393222 --clear-groups touch layers-at/var/f && umount layers-at && "
        "test \"$(stat -c %%u:%%g layers/top/upper/var layers/top/upper/var/f)\" = '0:0\n5:6' && "
        "test -s layers/top/upper/etc/low && ! test -s layers/lo:w,1/etc/low",
        test_folder());
}

TEST(a_folder_of_a_read_only_overlay_is_mapped_too)
{
    int mount_fd;

    NEED_ROOT();
    auto_free char *tree = overlay_tree("part", ""), *etc = mem_format("%s/etc", tree),
                   *at = mem_format("%s/part-at", test_folder());
    auto_close int tree_fd = open_dir(etc), userns_fd = open_plain_map();
    EXPECT_OK(tree_mount_mapped(tree_fd, userns_fd, &mount_fd, ERR));
    attach_mount(mount_fd, at);
    (void) close(mount_fd);
    RUN_OK("test $(stat -c %%u %s/low) = 393216", at);
}

TEST(an_overlay_whose_layers_are_out_of_reach_is_refused_with_both_reasons)
{
    int mount_fd;

    NEED_ROOT();
    RUN_OK(
        "cd %s && mkdir -p gone/low gone/low2 gone/tree && mount -t overlay o -o lowerdir=gone/low:gone/low2 gone/tree",
        test_folder());
    auto_free char *tree = mem_format("%s/gone/tree", test_folder());
    auto_close int tree_fd = open_dir(tree), userns_fd = open_plain_map();
    EXPECT_FAIL(tree_mount_mapped(tree_fd, userns_fd, &mount_fd, ERR), EINVAL,
                "owners of a file system of type overlay cannot be mapped by this kernel, nor can its layers: ");
    EXPECT_TRUE(strstr(error_text(*err_), "'gone/low2' cannot be reached by that name"));
    EXPECT_HINT("--private-users-ownership=chown");
}

TEST(a_file_system_that_cannot_be_mapped_is_named)
{
    int mount_fd;

    NEED_ROOT();
    (void) test_folder();
    auto_close int tree_fd = open_dir("/proc"), userns_fd = open_plain_map();
    EXPECT_TRUE(!idmap_is_supported(tree_fd));
    EXPECT_FAIL(tree_mount_mapped(tree_fd, userns_fd, &mount_fd, ERR), EINVAL, "of type proc cannot be mapped");
}

TEST(a_mount_below_that_cannot_be_mapped_stays_as_it_is)
{
    int mount_fd;

    NEED_ROOT();
    RUN_OK("cd %s && mkdir -p below/proc below/etc && mount -t proc p below/proc", test_folder());
    auto_free char *tree = mem_format("%s/below", test_folder()), *at = mem_format("%s/below-at", test_folder());
    auto_close int tree_fd = open_dir(tree), userns_fd = open_plain_map();
    EXPECT_OK(tree_mount_mapped(tree_fd, userns_fd, &mount_fd, ERR));
    attach_mount(mount_fd, at);
    (void) close(mount_fd);
    RUN_OK("cd %s && test \"$(stat -c %%u below-at/etc below-at/proc/1)\" = '393216\n0'", test_folder());
}

TESTS(RUN(a_map_leaves_a_namespace_and_no_process), RUN(a_map_that_overlaps_is_refused),
      RUN(owners_show_mapped_on_tmpfs), RUN(owners_show_mapped_on_ext4), RUN(owners_show_mapped_on_xfs),
      RUN(owners_show_mapped_on_btrfs), RUN(an_overlay_is_mapped_by_its_layers),
      RUN(a_folder_of_a_read_only_overlay_is_mapped_too),
      RUN(an_overlay_whose_layers_are_out_of_reach_is_refused_with_both_reasons),
      RUN(a_file_system_that_cannot_be_mapped_is_named), RUN(a_mount_below_that_cannot_be_mapped_stays_as_it_is))
