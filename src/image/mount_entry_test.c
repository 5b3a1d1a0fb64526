/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of the mount table, and the layers of an overlay in them. */
#include "image/mount_entry.h"

#include <errno.h>

#include "base/mem.h"
#include "image/mapped_tree.h"

#include "base/test.h"

static int parse(const char *line, struct mount_entry *ret)
{
    int id = -1;
    int r = mount_entry_parse(line, strlen(line), ret, &id);

    return r < 0 ? r : id;
}

TEST(lines_of_the_mount_table_are_taken_apart)
{
    CLEANUP(mount_entry_done) struct mount_entry entry = {0};

    EXPECT_INT(parse("36 35 98:0 /ro\\040ot /m\\134nt rw,noexec master:1 shared:2 - ext3 /dev/root rw,errors=continue",
                     &entry),
               36);
    EXPECT_STR(entry.device, "98:0");
    EXPECT_STR(entry.root, "/ro ot");
    EXPECT_STR(entry.mount_point, "/m\\nt");
    EXPECT_STR(entry.type, "ext3");
    EXPECT_TRUE(strings_contain(&entry.options, "noexec"));
    EXPECT_STR(mount_entry_option(&entry, "errors"), "continue");
    EXPECT_TRUE(!mount_entry_option(&entry, "error"));
    mount_entry_done(&entry);
    EXPECT_INT(parse("36 35 98:0 / /mnt rw ext3 /dev/root rw", &entry), -EINVAL);
    EXPECT_INT(parse("", &entry), -EINVAL);
    EXPECT_INT(parse("x 35 98:0 / /mnt rw - ext3 /dev/root rw", &entry), -EINVAL);
}

TEST(layers_are_read_from_both_ways_of_naming_them)
{
    CLEANUP(mount_entry_done) struct mount_entry entry = {0};
    CLEANUP(overlay_paths_done) struct overlay_paths paths = {0};

    EXPECT_INT(parse("1 2 0:3 / /m rw - overlay o rw,lowerdir=/a\\134:b:/c:/d,upperdir=/u,workdir=/w", &entry), 1);
    EXPECT_OK(overlay_paths_read(&entry, &paths, ERR));
    EXPECT_INT(paths.lowers.count, 3);
    EXPECT_STR(paths.lowers.item[0], "/d");
    EXPECT_STR(paths.lowers.item[2], "/a:b");
    EXPECT_STR(paths.upper, "/u");
    overlay_paths_done(&paths);
    mount_entry_done(&entry);

    EXPECT_INT(parse("1 2 0:3 / /m rw - overlay o ro,lowerdir+=/a:b,lowerdir+=/c", &entry), 1);
    EXPECT_OK(overlay_paths_read(&entry, &paths, ERR));
    EXPECT_INT(paths.lowers.count, 2);
    EXPECT_STR(paths.lowers.item[0], "/c");
    EXPECT_STR(paths.lowers.item[1], "/a:b");
    EXPECT_TRUE(!paths.upper);
    overlay_paths_done(&paths);
    mount_entry_done(&entry);

    EXPECT_INT(parse("1 2 0:3 / /m rw - overlay o ro,lowerdir=/a::/data", &entry), 1);
    EXPECT_FAIL(overlay_paths_read(&entry, &paths, ERR), EINVAL, "data-only layers");
}

TESTS(RUN(lines_of_the_mount_table_are_taken_apart), RUN(layers_are_read_from_both_ways_of_naming_them))
