/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which partitions of an image are taken, and what is said of an image that has none. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/disk.h"
#include "image/test_gpt.h"

#include "base/test.h"

enum { SIZE = GPT_TEST_SECTORS * 512 };

static void put_squashfs(unsigned char *bytes, uint64_t sector)
{
    memcpy(bytes + sector * 512, "hsqs", 4);
}

static int find(const unsigned char *bytes, const char *policy, struct disk *ret, struct error **err)
{
    disk_init(ret);
    ret->fd = memfd_create("image", MFD_CLOEXEC);
    ret->size = SIZE;
    assert_true(ret->fd >= 0);
    EXPECT_INT(write(ret->fd, bytes, SIZE), SIZE);
    return disk_find_parts(ret, "/x.raw", &(struct disk_request){.policy = policy}, err);
}

TEST(of_several_root_partitions_the_newest_counts)
{
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    CLEANUP(disk_done) struct disk disk;
    struct gpt_image image;

    gpt_begin(&image, bytes);
    gpt_add(&image, GPT_TYPE_ROOT_X86_64, 40, 99, 0, "system_9");
    gpt_add(&image, GPT_TYPE_ROOT_X86_64, 100, 199, 0, "system_10");
    gpt_add(&image, GPT_TYPE_ROOT_X86_64, 200, 299, 1ULL << 63, "system_11");
    gpt_add(&image, GPT_TYPE_HOME, 300, 399, 1ULL << 60, "home");
    gpt_add(&image, GPT_TYPE_DATA, 400, 499, 0, "data");
    gpt_end(&image);
    put_squashfs(bytes, 100);
    put_squashfs(bytes, 300);
    EXPECT_OK(find(bytes, NULL, &disk, ERR));
    EXPECT_INT(disk.part[DISK_ROOT].offset, 100 * 512);
    EXPECT_INT(disk.part[DISK_HOME].offset, 300 * 512);
    EXPECT_TRUE(disk.part[DISK_HOME].read_only && !disk.part[DISK_VAR].is_there);
}

TEST(a_single_data_partition_is_the_root_two_are_not)
{
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    CLEANUP(disk_done) struct disk disk, other;
    struct gpt_image image;

    gpt_begin(&image, bytes);
    gpt_add(&image, GPT_TYPE_DATA, 40, 99, 0, "a");
    gpt_end(&image);
    put_squashfs(bytes, 40);
    EXPECT_OK(find(bytes, NULL, &disk, ERR));
    EXPECT_INT(disk.part[DISK_ROOT].offset, 40 * 512);

    gpt_add(&image, GPT_TYPE_DATA, 100, 199, 0, "b");
    gpt_end(&image);
    EXPECT_FAIL(find(bytes, NULL, &other, ERR), ENOPKG, "2 partitions, none of which is the root");
    EXPECT_HINT("sfdisk --part-type");
}

TEST(what_is_empty_or_no_file_system_is_named)
{
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    CLEANUP(disk_done) struct disk empty, locked;
    struct gpt_image image;

    EXPECT_FAIL(find(bytes, NULL, &empty, ERR), ENOPKG, "no file system and no partition table that is known");
    gpt_begin(&image, bytes);
    gpt_add(&image, GPT_TYPE_ROOT_X86_64, 40, 99, 0, "root");
    gpt_end(&image);
    memcpy(bytes + 40 * 512, "LUKS\xba\xbe", 6);
    EXPECT_FAIL(find(bytes, NULL, &locked, ERR), EOPNOTSUPP, "holds an encrypted volume (LUKS)");
    EXPECT_HINT("cryptsetup open");
}

TEST(the_policy_says_which_partitions_are_used)
{
    static const struct {
        const char *policy, *says;      /* NULL: it works */
        bool has_home;
    } rows[] = {
        {"*", NULL, true},
        {"root=unprotected:home=ignore", NULL, false},
        {"root=unprotected:home=absent", "'home' to be used unprotected", false},
        {"root=verity:home=ignore", "'root' to be used unprotected", false},
        {"root=unprotected:home=unprotected:srv=unprotected", "'srv' to be absent", false},
        {"root=unprotected+ext4:home=ignore", "'root' to be squashfs", false},
        {"root=unprotected+squashfs:home=ignore", NULL, false},
    };
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    struct gpt_image image;

    gpt_begin(&image, bytes);
    gpt_add(&image, GPT_TYPE_ROOT_X86_64, 40, 99, 0, "root");
    gpt_add(&image, GPT_TYPE_HOME, 100, 199, 0, "home");
    gpt_end(&image);
    put_squashfs(bytes, 40);
    put_squashfs(bytes, 100);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(disk_done) struct disk disk;

        if (rows[i].says) {
            EXPECT_FAIL(find(bytes, rows[i].policy, &disk, ERR), EPERM, rows[i].says);
            continue;
        }
        EXPECT_OK(find(bytes, rows[i].policy, &disk, ERR));
        EXPECT_INT(disk.part[DISK_HOME].is_there, rows[i].has_home);
    }
}

TEST(a_file_without_write_bits_is_read_only_and_a_folder_no_image)
{
    char path[] = "/tmp/redd-disk-XXXXXX";
    CLEANUP(disk_done) struct disk disk, other;
    int fd = mkstemp(path);

    disk_init(&disk);
    disk_init(&other);
    assert_true(fd >= 0 && ftruncate(fd, 4096) == 0 && fchmod(fd, 0444) == 0 && close(fd) == 0);
    EXPECT_OK(disk_open_file(path, false, &disk, ERR));
    EXPECT_TRUE(disk.read_only && disk.size == 4096);
    (void) unlink(path);
    EXPECT_FAIL(disk_open_file("/tmp", true, &other, ERR), EISDIR, "neither a file nor a block device");
    EXPECT_HINT("--directory=/tmp");
}

TESTS(RUN(of_several_root_partitions_the_newest_counts), RUN(a_single_data_partition_is_the_root_two_are_not),
      RUN(what_is_empty_or_no_file_system_is_named), RUN(the_policy_says_which_partitions_are_used),
      RUN(a_file_without_write_bits_is_read_only_and_a_folder_no_image))
