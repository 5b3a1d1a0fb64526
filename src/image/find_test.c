/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding images by name and by path. */
#include "image/find.h"

#include "base/test.h"

#include "image/test_fs.h"

/* Machine folders of the tests' own, on tmpfs over the host's; they are private to this program. */
static void fill_folders(void)
{
    static bool done;

    (void) test_folder();
    if (done)
        return;
    done = true;
    RUN_OK(
        "mount -t tmpfs -o mode=755 r /run && mount -t tmpfs -o mode=755 l /var/lib && mkdir /var/lib/machines && "
        "mkdir -p /run/machines && "
        "cd /var/lib/machines && mkdir both plain target ver.v ver.v/ver_1 ver.v/ver_2 empty.v .hidden "
        "'lost+found' stack.mstack '.#temp' && "
        "mkdir /run/machines/both && ln -s /var/lib/machines/target sym && truncate -s 1M disk.raw other.raw && "
        "chmod 444 other.raw && "
        "mkdir img.raw.v && touch img.raw.v/img_3.raw ignored");
}

TEST(a_directory_is_found_by_its_name_in_the_first_folder_that_has_it)
{
    CLEANUP(image_done) struct image image = {0};

    NEED_ROOT();
    fill_folders();
    EXPECT_OK(image_find("both", false, &image, ERR));
    EXPECT_STR(image.path, "/run/machines/both");
    EXPECT_INT(image.type, IMAGE_DIRECTORY);
    EXPECT_TRUE(!image.read_only);
    image_done(&image);
    EXPECT_OK(image_find("plain", false, &image, ERR));
    EXPECT_STR(image.path, "/var/lib/machines/plain");
}

TEST(links_are_followed_and_versions_picked)
{
    CLEANUP(image_done) struct image image = {0};

    NEED_ROOT();
    fill_folders();
    EXPECT_OK(image_find("sym", false, &image, ERR));
    EXPECT_STR(image.name, "sym");
    EXPECT_STR(image.path, "/var/lib/machines/target");
    image_done(&image);
    EXPECT_OK(image_find("ver", false, &image, ERR));
    EXPECT_STR(image.path, "/var/lib/machines/ver.v/ver_2");
    image_done(&image);
    EXPECT_OK(image_find("img", false, &image, ERR));
    EXPECT_STR(image.path, "/var/lib/machines/img.raw.v/img_3.raw");
    EXPECT_INT(image.type, IMAGE_RAW);
}

TEST(disk_images_stacks_and_the_host_are_images_too)
{
    CLEANUP(image_done) struct image image = {0};

    NEED_ROOT();
    fill_folders();
    EXPECT_OK(image_find("disk", false, &image, ERR));
    EXPECT_INT(image.type, IMAGE_RAW);
    EXPECT_TRUE(!image.read_only);
    image_done(&image);
    EXPECT_OK(image_find("other", false, &image, ERR));
    EXPECT_TRUE(image.read_only);
    image_done(&image);
    EXPECT_OK(image_find("stack", false, &image, ERR));
    EXPECT_INT(image.type, IMAGE_MSTACK);
    image_done(&image);
    EXPECT_OK(image_find(".host", false, &image, ERR));
    EXPECT_STR(image.path, "/");
    EXPECT_TRUE(image.read_only);
}

TEST(a_name_that_is_not_there_is_refused_with_the_nearest_and_the_folders)
{
    struct image image;

    NEED_ROOT();
    fill_folders();
    EXPECT_FAIL(image_find("plian", false, &image, ERR), ENOENT, "No image for machine 'plian'.");
    EXPECT_HINT("did you mean 'plain'?");
    EXPECT_HINT("/var/lib/machines");
    EXPECT_FAIL(image_find("zzzzzzzz", false, &image, ERR), ENOENT, "No image for machine 'zzzzzzzz'.");
    EXPECT_HINT("/etc/machines, /run/machines, /var/lib/machines");
    EXPECT_FAIL(image_find("empty", false, &image, ERR), ENOENT, "No image");
    EXPECT_FAIL(image_find("ignored", false, &image, ERR), ENOENT, "No image");
    EXPECT_FAIL(image_find("../machines/plain", false, &image, ERR), ENOENT, "No image");
    EXPECT_FAIL(image_find(".#temp", false, &image, ERR), ENOENT, "No image");
    EXPECT_FAIL(image_find("", false, &image, ERR), ENOENT, "No image");
}

TEST(the_list_has_each_name_once_and_is_sorted)
{
    CLEANUP(images_done) struct images images = {0};
    CLEANUP(strings_done) struct strings names = {0};

    NEED_ROOT();
    fill_folders();
    image_list(false, &images);
    for (size_t i = 0; i < images.count; i++) {
        EXPECT_TRUE(!strings_contain(&names, images.item[i].name));
        EXPECT_TRUE(i == 0 || strcmp(images.item[i - 1].name, images.item[i].name) < 0);
        strings_add(&names, images.item[i].name);
        if (strcmp(images.item[i].name, ".hidden") == 0)
            EXPECT_TRUE(images.item[i].read_only);
    }
    EXPECT_TRUE(strings_contain(&names, "both") && strings_contain(&names, "ver") && strings_contain(&names, ".host") &&
                strings_contain(&names, ".hidden") && strings_contain(&names, "stack"));
    EXPECT_TRUE(!strings_contain(&names, "empty") && !strings_contain(&names, "lost+found") &&
                !strings_contain(&names, "ignored") && !strings_contain(&names, ".#temp"));
}

TEST(read_only_trees_are_recognised)
{
    CLEANUP(image_done) struct image image = {0};

    NEED_MOUNT(top, "ext4");
    fill_folders();
    RUN_OK(
        "mkdir %s/fixed && ln -s %s/fixed /run/machines/fixed && mkdir /run/machines/rofs && mount -t tmpfs -o ro "
        "t /run/machines/rofs",
        top, top);
    EXPECT_OK(image_find("fixed", false, &image, ERR));
    EXPECT_TRUE(!image.read_only);
    image_done(&image);
    RUN_OK("chattr +i %s/fixed", top);
    EXPECT_OK(image_find("fixed", false, &image, ERR));
    EXPECT_TRUE(image.read_only);
    RUN_OK("chattr -i %s/fixed", top);
    image_done(&image);
    EXPECT_OK(image_find("rofs", false, &image, ERR));
    EXPECT_TRUE(image.read_only);
    RUN_OK("umount /run/machines/rofs");
}

TEST(subvolumes_are_told_from_directories)
{
    CLEANUP(image_done) struct image image = {0};

    NEED_MOUNT(top, "btrfs");
    fill_folders();
    RUN_OK("btrfs -q subvolume create %s/sub && ln -s %s/sub /run/machines/sub", top, top);
    EXPECT_OK(image_find("sub", false, &image, ERR));
    EXPECT_INT(image.type, IMAGE_SUBVOLUME);
    EXPECT_TRUE(!image.read_only);
    image_done(&image);
    RUN_OK("btrfs property set %s/sub ro true", top);
    EXPECT_OK(image_find("sub", false, &image, ERR));
    EXPECT_TRUE(image.read_only);
    EXPECT_STR(image_type_name(image.type), "subvolume");
}

TEST(a_user_has_folders_of_their_own_first)
{
    CLEANUP(strings_done) struct strings folders = {0};

    EXPECT_INT(setenv("XDG_STATE_HOME", "/home/u/state", 1), 0);
    EXPECT_INT(unsetenv("XDG_RUNTIME_DIR"), 0);
    image_folders(true, &folders);
    EXPECT_STR(folders.item[0], "/home/u/state/machines");
    EXPECT_STR(folders.item[1], "/etc/machines");
    strings_clear(&folders);
    EXPECT_INT(unsetenv("XDG_STATE_HOME"), 0);
    EXPECT_INT(setenv("HOME", "/home/u", 1), 0);
    image_folders(true, &folders);
    EXPECT_STR(folders.item[0], "/home/u/.local/state/machines");
}

TEST(a_path_may_be_a_versioned_folder_or_a_tree_that_is_called_like_one)
{
    auto_free char *folder = mem_format("%s/path.v", test_folder()), *tree = mem_format("%s/tree.v", test_folder()),
                   *nothing = mem_format("%s/void.v", test_folder()), *resolved = NULL;

    RUN_OK("mkdir -p %s/path_1 %s/path_2 %s/usr %s", folder, folder, tree, nothing);
    EXPECT_OK(image_resolve_directory(folder, &resolved, ERR));
    EXPECT_TRUE(strstr(resolved, "/path.v/path_2"));
    free(TAKE(resolved));
    EXPECT_OK(image_resolve_directory(tree, &resolved, ERR));
    EXPECT_STR(resolved, tree);
    free(TAKE(resolved));
    EXPECT_FAIL(image_resolve_directory(nothing, &resolved, ERR), ENOENT, "No matching entries in versioned directory");
    EXPECT_OK(image_resolve_directory("/some/where", &resolved, ERR));
    EXPECT_STR(resolved, "/some/where");
    free(TAKE(resolved));
    EXPECT_OK(image_resolve_file("/some/where.raw", &resolved, ERR));
    EXPECT_STR(resolved, "/some/where.raw");
}

TESTS(RUN(a_directory_is_found_by_its_name_in_the_first_folder_that_has_it),
      RUN(links_are_followed_and_versions_picked), RUN(disk_images_stacks_and_the_host_are_images_too),
      RUN(a_name_that_is_not_there_is_refused_with_the_nearest_and_the_folders),
      RUN(the_list_has_each_name_once_and_is_sorted), RUN(read_only_trees_are_recognised),
      RUN(subvolumes_are_told_from_directories), RUN(a_user_has_folders_of_their_own_first),
      RUN(a_path_may_be_a_versioned_folder_or_a_tree_that_is_called_like_one))
