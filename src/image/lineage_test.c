/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machines in layers: the text, freezing, who counts as one, and what happens to layers. */
#include "image/lineage.h"

#include "image/layers.h"
#include "image/overlay.h"

#include "base/test.h"

#include "image/test_fs.h"

#define ID_A "0123456789abcdef0123456789abcdef"
#define ID_B "fedcba98765432100123456789abcdef"
#define HEAD "# redd lineage 1\npool=/m/.redd.v\n"

TEST(text_and_back)
{
    CLEANUP(lineage_done) struct lineage lineage = {0};

    EXPECT_OK(lineage_parse(HEAD "created=12\nlayer=" ID_A "\nlayer=" ID_B "\n", &lineage, ERR));
    EXPECT_INT(lineage.layers.count, 2);
    EXPECT_STR(lineage.layers.item[1], ID_B);
    EXPECT_STR(lineage.pool, "/m/.redd.v");
    EXPECT_INT(lineage.created_us, 12);
    auto_free char *text = lineage_format(&lineage);
    EXPECT_STR(text, HEAD "created=12\nlayer=" ID_A "\nlayer=" ID_B "\n");
}

TEST(text_that_is_none_is_refused)
{
    struct lineage lineage;

    EXPECT_FAIL(lineage_parse("", &lineage, ERR), EINVAL, "it does not begin with");
    EXPECT_FAIL(lineage_parse("# redd lineage 2\n", &lineage, ERR), EPROTONOSUPPORT, "newer redd");
    EXPECT_FAIL(lineage_parse(HEAD, &lineage, ERR), EINVAL, "cut short");
    EXPECT_FAIL(lineage_parse(HEAD "layer=../../etc\n", &lineage, ERR), EINVAL, "line 3 makes no sense");
    EXPECT_FAIL(lineage_parse(HEAD "layer=" ID_A "\nlayer=" ID_A "\n", &lineage, ERR), EINVAL, "line 4");
    EXPECT_FAIL(lineage_parse("# redd lineage 1\npool=relative\n", &lineage, ERR), EINVAL, "line 2");
}

struct frozen {
    struct pool pool;
    struct lineage lineage;
};

static void frozen_done(struct frozen *frozen)
{
    lineage_done(&frozen->lineage);
    pool_done(&frozen->pool);
}

/* Freezes TOP/web, with the pool locked. */
static void freeze(const char *top, struct frozen *ret, struct error **err_)
{
    auto_free char *path = mem_format("%s/web", top);
    auto_close int fd = open_dir(path), like_fd = -1;

    *ret = (struct frozen){.pool = POOL_NONE};
    EXPECT_OK(pool_change(top, &ret->pool, ERR));
    EXPECT_OK(lineage_freeze(&ret->pool, "web", fd, &ret->lineage, &like_fd, ERR));
}

static void make_web(const char *top)
{
    RUN_OK("cd %s && rm -rf web twin .redd.v && mkdir -p web/usr web/etc && echo one >web/etc/value && chmod 750 web",
           top);
}

static bool exists(const char *top, const char *path)
{
    auto_free char *whole = mem_format("%s/%s", top, path);

    return access(whole, F_OK) == 0;
}

TEST(a_plain_tree_becomes_a_layer_and_its_place_a_machine_on_it)
{
    NEED_MOUNT(top, "ext4");
    CLEANUP(frozen_done) struct frozen frozen = {.pool = POOL_NONE};
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    auto_close int mount_fd = -1;

    make_web(top);
    freeze(top, &frozen, err_);
    EXPECT_INT(frozen.lineage.layers.count, 1);
    EXPECT_TRUE(exists(top, "web/README-redd") && !exists(top, "web/etc"));
    auto_free char *path = mem_format("%s/web", top);
    auto_close int fd = open_dir(path);
    EXPECT_INT(lineage_open(fd, path, &tree, ERR), 1);
    EXPECT_OK(lineage_mount(&tree, -1, false, &mount_fd, ERR));
    EXPECT_INT(faccessat(mount_fd, "etc/value", R_OK, 0), 0);
    struct stat st;
    assert_int_equal(fstat(mount_fd, &st), 0);
    EXPECT_INT(st.st_mode & 07777, 0750);
}

TEST(a_machine_that_has_written_nothing_adds_no_layer)
{
    NEED_MOUNT(top, "ext4");
    CLEANUP(frozen_done) struct frozen frozen = {.pool = POOL_NONE};

    make_web(top);
    for (int i = 0; i < 3; i++) {
        frozen_done(&frozen);
        freeze(top, &frozen, err_);
        EXPECT_INT(frozen.lineage.layers.count, 1);
    }
    RUN_OK("echo two >%s/web/upper/new", top);
    frozen_done(&frozen);
    freeze(top, &frozen, err_);
    EXPECT_INT(frozen.lineage.layers.count, 2);
}

TEST(one_writer_at_a_time)
{
    NEED_MOUNT(top, "ext4");
    CLEANUP(frozen_done) struct frozen frozen = {.pool = POOL_NONE};
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    auto_close int first_fd = -1, second_fd = -1;

    make_web(top);
    freeze(top, &frozen, err_);
    auto_free char *path = mem_format("%s/web", top);
    auto_close int fd = open_dir(path);
    EXPECT_INT(lineage_open(fd, path, &tree, ERR), 1);
    EXPECT_OK(lineage_mount(&tree, -1, false, &first_fd, ERR));
    EXPECT_FAIL(lineage_mount(&tree, -1, false, &second_fd, ERR), EBUSY, "cannot mount the overlay");
    EXPECT_HINT("it is mounted already");
    EXPECT_OK(lineage_mount(&tree, -1, true, &second_fd, ERR));
}

TEST(the_layers_of_a_machine_that_somebody_removed_go)
{
    NEED_MOUNT(top, "ext4");
    struct frozen frozen;

    make_web(top);
    freeze(top, &frozen, err_);
    auto_free char *layer = mem_format(POOL_NAME "/layers/%s/tree", frozen.lineage.layers.item[0]);
    frozen_done(&frozen);
    EXPECT_TRUE(exists(top, layer));
    RUN_OK("rm -r %s/web", top);

    struct pool pool = POOL_NONE;
    EXPECT_OK(pool_change(top, &pool, ERR));
    pool_done(&pool);
    EXPECT_TRUE(!exists(top, POOL_NAME));
}

TEST(the_layers_of_a_copy_stay_but_it_is_no_machine)
{
    NEED_MOUNT(top, "ext4");
    struct frozen frozen;
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    struct pool pool = POOL_NONE;

    make_web(top);
    freeze(top, &frozen, err_);
    auto_free char *layer = mem_format(POOL_NAME "/layers/%s/tree", frozen.lineage.layers.item[0]);
    frozen_done(&frozen);
    RUN_OK("cd %s && cp -a web twin && rm -r web", top);
    EXPECT_OK(pool_change(top, &pool, ERR));
    pool_done(&pool);
    EXPECT_TRUE(exists(top, layer));
    auto_free char *path = mem_format("%s/twin", top);
    auto_close int fd = open_dir(path);
    EXPECT_FAIL(lineage_open(fd, path, &tree, ERR), ESTALE, "is a copy of a machine");
    EXPECT_HINT("redd repair twin");
    RUN_OK("mkdir %s/twin/usr", top);
    EXPECT_INT(lineage_open(fd, path, &tree, ERR), 0);
}

TEST(a_disk_that_was_copied_file_by_file_works)
{
    NEED_MOUNT(top, "ext4");
    struct frozen frozen;
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    auto_close int mount_fd = -1;

    make_web(top);
    RUN_OK("ln %s/web/etc/value %s/web/etc/other", top, top);
    freeze(top, &frozen, err_);
    frozen_done(&frozen);
    auto_free char *path = mem_format("%s/web", top), *moved = mem_format("%s/moved/web", top);
    auto_close int fd = open_dir(path);
    EXPECT_INT(lineage_open(fd, path, &tree, ERR), 1);
    EXPECT_OK(lineage_mount(&tree, -1, false, &mount_fd, ERR));
    auto_close int file = openat(mount_fd, "etc/value", O_WRONLY | O_APPEND);
    EXPECT_TRUE(write(file, "two\n", 4) == 4);
    fd_closep(&file);
    fd_closep(&mount_fd);
    lineage_tree_done(&tree);

    /* with hard links, and other inode numbers */
    RUN_OK("cd %s && rm -rf moved && mkdir moved && cp -a .redd.v web moved/", top);
    auto_close int moved_fd = open_dir(moved);
    EXPECT_INT(lineage_open(moved_fd, moved, &tree, ERR), 1);
    EXPECT_OK(lineage_mount(&tree, -1, false, &mount_fd, ERR));
    file = openat(mount_fd, "etc/value", O_RDONLY);
    char text[16] = "";
    EXPECT_INT(read(file, text, sizeof text), 8);
    RUN_OK("rm -rf %s/moved", top);
}

TESTS(RUN(text_and_back), RUN(text_that_is_none_is_refused),
      RUN(a_plain_tree_becomes_a_layer_and_its_place_a_machine_on_it),
      RUN(a_machine_that_has_written_nothing_adds_no_layer), RUN(one_writer_at_a_time),
      RUN(the_layers_of_a_machine_that_somebody_removed_go), RUN(the_layers_of_a_copy_stay_but_it_is_no_machine),
      RUN(a_disk_that_was_copied_file_by_file_works))
