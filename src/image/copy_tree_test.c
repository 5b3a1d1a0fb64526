/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies of trees, on every kind of file system at hand. */
#include "image/copy_tree.h"

#include <sys/statvfs.h>

#include "base/test.h"

#include "image/test_fs.h"

static const struct tree_copy plainly = {.stop_fd = -1};

/* Copies NAME below TOP to "copy-NAME" there. */
static int copy_to(const char *top, const char *name, const struct tree_copy *how, struct error **err)
{
    auto_free char *from = mem_format("%s/%s", top, name), *to = mem_format("%s/copy-%s", top, name);
    auto_close int from_fd = open_dir(from);

    (void) mkdir(to, 0755);
    auto_close int to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return tree_copy(from_fd, to_fd, how, err);
}

/* Says what differs: content, types, modes, owners, times, links, extended attributes. */
static void compare(const char *top, const char *name)
{
    /* sizes of directories are the file system's affair */
    RUN_OK(
        "cd %s && for d in %s copy-%s; do (cd $d && find . ! -type d -printf '%%p %%y %%m %%U %%G %%s %%T@ %%n "
        "%%l\\n' -o -printf "
        "'%%p %%y %%m %%U %%G %%T@\\n' | sort; find . -print0 | sort -z | xargs -0 getfattr -hd -m - 2>/dev/null; "
        "find . -type f | sort | xargs md5sum; find . -type b -o -type c | sort | xargs -r stat -c '%%n %%t %%T') "
        ">$d.list; "
        "done; test -s %s.list && diff %s.list copy-%s.list >&2",
        top, name, name, name, name, name);
}

static void make_source(const char *top)
{
    RUN_OK(
        "cd %s && rm -rf src copy-src && mkdir src && cd src && mkdir -p a/b/c 'with blank' && echo hello >a/f && "
        "head -c 300000 /dev/urandom >a/big && : >a/b/empty && ln -s ../nowhere a/link && ln a/f a/b/same && ln "
        "a/f hard && "
        "truncate -s 5M sparse && printf x | dd of=sparse bs=1 seek=3000000 conv=notrunc 2>/dev/null && "
        "mkfifo pipe && chmod 1777 a/b/c && chmod 2750 'with blank' && touch -d '2001-02-03 04:05:06.789' a/f a/b "
        "a/link -h && "
        "setfattr -n user.note -v text a/f a/b",
        top);
}

static void copies_faithfully(const char *top)
{
    auto_error struct error *err = NULL;
    struct stat st;

    make_source(top);
    if (geteuid() == 0)
        RUN_OK("cd %s/src && mknod null c 1 3 && mknod loop b 7 0 && chown 5:8 a/f && chown -h 3:4 a/link && "
               "cp /bin/true suid && chmod 4755 suid && cp /bin/true other && chown 7:7 other && chmod 6755 other && "
               "cp /bin/true cap && setcap cap_net_raw+ep cap && setfacl -m u:5:rwx,d:g:8:rx a/b && "
               "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'", top);
    if (copy_to(top, "src", &plainly, &err) < 0)
        fail_msg("%s: %s", top, error_text(err));
    compare(top, "src");

    auto_free char *sparse = mem_format("%s/copy-src/sparse", top);
    st = stat_of(sparse);
    EXPECT_TRUE(st.st_blocks * 512 < 1000000);
}

TEST(a_copy_has_all_that_the_original_has)
{
    copies_faithfully(test_folder());
}

#define COPY_ON(type) \
    TEST(a_copy_on_##type##_has_all_that_the_original_has) \
    { \
        NEED_MOUNT(top, #type); \
        copies_faithfully(top); \
    }

COPY_ON(tmpfs)
COPY_ON(ext4)
COPY_ON(xfs)
COPY_ON(btrfs)

TEST(a_copy_across_file_systems_has_all_that_the_original_has)
{
    NEED_MOUNT(top, "tmpfs");
    make_source(top);
    auto_free char *from = mem_format("%s/src", top), *to = mem_format("%s/across", test_folder());
    EXPECT_INT(mkdir(to, 0755), 0);
    auto_close int from_fd = open_dir(from), to_fd = open(to, O_RDONLY | O_DIRECTORY);
    EXPECT_OK(tree_copy(from_fd, to_fd, &plainly, ERR));
    RUN_OK("mkdir %s/copy-src && mount --bind %s %s/copy-src", top, to, top);
    compare(top, "src");
    RUN_OK("umount %s/copy-src", top);
}

static off_t blocks_used(const char *top)
{
    struct statvfs fs;

    (void) sync();
    EXPECT_INT(statvfs(top, &fs), 0);
    return (off_t) (fs.f_blocks - fs.f_bfree) * (off_t) fs.f_frsize;
}

static void shares_blocks(const char *top, struct error **err_)
{
    RUN_OK("mkdir -p %s/large && head -c 64M /dev/urandom >%s/large/file", top, top);
    off_t before = blocks_used(top);
    EXPECT_OK(copy_to(top, "large", &plainly, ERR));
    EXPECT_TRUE(blocks_used(top) - before < 16 << 20);
    RUN_OK("cmp %s/large/file %s/copy-large/file", top, top);
}

TEST(a_copy_on_xfs_shares_the_blocks)
{
    NEED_MOUNT(top, "xfs");
    shares_blocks(top, err_);
}

TEST(a_copy_on_btrfs_shares_the_blocks)
{
    NEED_MOUNT(top, "btrfs");
    shares_blocks(top, err_);
}

TEST(a_file_without_checksums_on_btrfs_shares_its_blocks_too)
{
    NEED_MOUNT(top, "btrfs");
    RUN_OK(
        "mkdir %s/nocow && touch %s/nocow/file && chattr +C %s/nocow/file && head -c 64M /dev/urandom >%s/nocow/file",
        top, top, top, top);
    off_t before = blocks_used(top);
    EXPECT_OK(copy_to(top, "nocow", &plainly, ERR));
    EXPECT_TRUE(blocks_used(top) - before < 16 << 20);
    RUN_OK("lsattr %s/copy-nocow/file | grep -q '^[^ ]*C'", top);
}

TEST(the_destination_is_left_out_when_it_lies_inside)
{
    auto_free char *top = mem_format("%s/self", test_folder()), *inside = mem_format("%s/self/srv/new", test_folder());

    RUN_OK("mkdir -p %s/srv/new %s/etc", top, top);
    struct stat st = stat_of(inside);
    struct tree_copy how = {.skip_dev = st.st_dev, .skip_ino = st.st_ino, .stop_fd = -1};
    auto_close int from_fd = open_dir(top), to_fd = open(inside, O_RDONLY | O_DIRECTORY);
    EXPECT_OK(tree_copy(from_fd, to_fd, &how, ERR));
    RUN_OK("cd %s && test -d etc && test -d srv && ! test -e srv/new", inside);
}

TEST(what_is_mounted_below_is_left_out_and_its_place_kept)
{
    NEED_ROOT();
    RUN_OK(
        "cd %s && mkdir -p mounts/m && echo secret >secret && : >mounts/f && mount -t tmpfs t mounts/m && : "
        ">mounts/m/inside && "
        "mount --bind secret mounts/f",
        test_folder());
    EXPECT_OK(copy_to(test_folder(), "mounts", &plainly, ERR));
    RUN_OK("cd %s/copy-mounts && test -d m && ! test -e m/inside && test -f f && ! test -s f", test_folder());
}

TEST(a_default_acl_or_group_of_the_place_leaves_no_mark)
{
    NEED_ROOT();
    RUN_OK(
        "cd %s && mkdir marked && chmod 2777 marked && chgrp 100 marked && setfacl -m d:u:99:rwx marked && "
        "mkdir -p marked/from && setfacl -bk marked/from && chmod 755 marked/from && chgrp 0 marked/from && touch "
        "marked/from/f && "
        "mkdir marked/from/d && chmod g-s marked/from/d",
        test_folder());
    auto_free char *top = mem_format("%s/marked", test_folder());
    EXPECT_OK(copy_to(top, "from", &plainly, ERR));
    compare(top, "from");
}

TEST(a_copy_can_be_interrupted)
{
    int ends[2];
    struct tree_copy how = {0};

    EXPECT_INT(pipe(ends), 0);
    EXPECT_INT(write(ends[1], "x", 1), 1);
    how.stop_fd = ends[0];
    RUN_OK("mkdir -p %s/stop/a", test_folder());
    EXPECT_FAIL(copy_to(test_folder(), "stop", &how, ERR), EINTR, "interrupted");
    (void) close(ends[0]);
    (void) close(ends[1]);
}

TEST(a_full_disk_is_named_with_the_file_that_did_not_fit)
{
    NEED_ROOT();
    RUN_OK("cd %s && mkdir -p full/etc small && head -c 4M /dev/zero | tr '\\0' x >full/etc/file && "
           "mount -t tmpfs -o size=1M t small", test_folder());
    auto_free char *from = mem_format("%s/full", test_folder()), *to = mem_format("%s/small", test_folder());
    auto_close int from_fd = open_dir(from), to_fd = open(to, O_RDONLY | O_DIRECTORY);
    EXPECT_FAIL(tree_copy(from_fd, to_fd, &plainly, ERR), ENOSPC, "cannot copy 'etc/file' of the tree: No space left");
    EXPECT_HINT("reflinks");
}

TESTS(RUN(a_copy_has_all_that_the_original_has), RUN(a_copy_on_tmpfs_has_all_that_the_original_has),
      RUN(a_copy_on_ext4_has_all_that_the_original_has), RUN(a_copy_on_xfs_has_all_that_the_original_has),
      RUN(a_copy_on_btrfs_has_all_that_the_original_has), RUN(a_copy_across_file_systems_has_all_that_the_original_has),
      RUN(a_copy_on_xfs_shares_the_blocks), RUN(a_copy_on_btrfs_shares_the_blocks),
      RUN(a_file_without_checksums_on_btrfs_shares_its_blocks_too),
      RUN(the_destination_is_left_out_when_it_lies_inside), RUN(what_is_mounted_below_is_left_out_and_its_place_kept),
      RUN(a_default_acl_or_group_of_the_place_leaves_no_mark), RUN(a_copy_can_be_interrupted),
      RUN(a_full_disk_is_named_with_the_file_that_did_not_fit))
