/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a table says is found, and only a table that holds together is believed. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/partition_table.h"
#include "image/test_gpt.h"

#include "base/test.h"

enum { SIZE = GPT_TEST_SECTORS * 512 };

static int read_bytes(const unsigned char *bytes, size_t size, struct partition_table *ret, struct error **err)
{
    auto_close int fd = memfd_create("image", MFD_CLOEXEC);

    assert_true(fd >= 0);
    EXPECT_INT(write(fd, bytes, size), size);
    return partition_table_read(fd, size, ret, err);
}

static void make(struct gpt_image *image, unsigned char *bytes)
{
    gpt_begin(image, bytes);
    gpt_add(image, GPT_TYPE_ROOT_X86_64, 40, 99, 0, "system_1.0");
    gpt_add(image, GPT_TYPE_HOME, 100, 199, 1ULL << 60 | 1ULL << 63, "h\x7f" "ome");
    gpt_end(image);
}

TEST(partitions_have_their_place_type_label_and_attributes)
{
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    auto_free struct partition_table *table = mem_alloc(sizeof *table);
    struct gpt_image image;
    struct id128 root;

    make(&image, bytes);
    EXPECT_OK(read_bytes(bytes, SIZE, table, ERR));
    EXPECT_INT(table->kind, TABLE_GPT);
    EXPECT_INT(table->count, 2);
    EXPECT_OK(id128_parse("4f68bce3-e8cd-4db1-96e7-fbcaf984b709", &root));
    EXPECT_TRUE(id128_equal(table->item[0].type, root));
    EXPECT_STR(table->item[0].label, "system_1.0");
    EXPECT_INT(table->item[0].offset, 40 * 512);
    EXPECT_INT(table->item[0].size, 60 * 512);
    EXPECT_INT(table->item[1].attributes, PARTITION_READ_ONLY | PARTITION_NO_AUTO);
    EXPECT_STR(table->item[1].label, "h?ome");
}

TEST(the_copy_at_the_end_is_read_when_the_front_is_damaged)
{
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    auto_free struct partition_table *table = mem_alloc(sizeof *table);
    struct gpt_image image;

    make(&image, bytes);
    bytes[512 + 60] ^= 1;
    EXPECT_OK(read_bytes(bytes, SIZE, table, ERR));
    EXPECT_INT(table->count, 2);
    memset(bytes + SIZE - 512, 0, 512);
    EXPECT_FAIL(read_bytes(bytes, SIZE, table, ERR), EBADMSG, "neither the one in front nor its copy");
    EXPECT_HINT("sfdisk --verify");
}

TEST(a_table_that_contradicts_itself_is_refused)
{
    static const struct {
        uint64_t first, last;
        const char *says;
    } rows[] = {
        {50, 60, "two partitions overlap"},
        {99, 99, "two partitions overlap"},
        {200, 150, "outside of what the table itself calls usable"},
        {10, 20, "outside of what the table itself calls usable"},
        {200, UINT64_MAX, "outside of what the table itself calls usable"},
        {GPT_TEST_SECTORS, GPT_TEST_SECTORS + 10, "outside of what the table itself calls usable"},
    };
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    auto_free struct partition_table *table = mem_alloc(sizeof *table);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct gpt_image image;

        gpt_begin(&image, bytes);
        gpt_add(&image, GPT_TYPE_ROOT_X86_64, 40, 99, 0, "root");
        gpt_add(&image, GPT_TYPE_HOME, rows[i].first, rows[i].last, 0, "home");
        gpt_end(&image);
        EXPECT_FAIL(read_bytes(bytes, SIZE, table, ERR), EBADMSG, rows[i].says);
    }
}

TEST(a_changed_list_and_an_image_cut_short_are_noticed)
{
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    auto_free struct partition_table *table = mem_alloc(sizeof *table);
    struct gpt_image image;

    make(&image, bytes);
    EXPECT_FAIL(read_bytes(bytes, 150 * 512, table, ERR), EBADMSG, "beyond the end of the image");
    EXPECT_FAIL(read_bytes(bytes, 3 * 512, table, ERR), EBADMSG, "beyond the end of the image");
    bytes[1024 + 32]++;
    EXPECT_FAIL(read_bytes(bytes, SIZE, table, ERR), EBADMSG, "checksum of its list");
}

TEST(an_mbr_is_read_and_what_is_none_is_no_table)
{
    auto_free unsigned char *bytes = mem_alloc(SIZE);
    auto_free struct partition_table *table = mem_alloc(sizeof *table);

    EXPECT_OK(read_bytes(bytes, SIZE, table, ERR));
    EXPECT_INT(table->kind, TABLE_NONE);
    EXPECT_OK(read_bytes(bytes, 100, table, ERR));
    EXPECT_INT(table->kind, TABLE_NONE);

    bytes[510] = 0x55;
    bytes[511] = 0xaa;
    bytes[446] = 0x80;
    bytes[446 + 4] = 0x83;
    gpt_put(bytes + 446 + 8, 64, 4);
    gpt_put(bytes + 446 + 12, 100, 4);
    EXPECT_OK(read_bytes(bytes, SIZE, table, ERR));
    EXPECT_INT(table->kind, TABLE_MBR);
    EXPECT_INT(table->count, 1);
    EXPECT_TRUE(table->item[0].is_bootable && table->item[0].mbr_type == 0x83);
    EXPECT_INT(table->item[0].offset, 64 * 512);

    gpt_put(bytes + 446 + 12, GPT_TEST_SECTORS, 4);
    EXPECT_FAIL(read_bytes(bytes, SIZE, table, ERR), EBADMSG, "beyond the end of the image");
    bytes[446] = 0x17;          /* program text of a boot sector, not a flag */
    EXPECT_OK(read_bytes(bytes, SIZE, table, ERR));
    EXPECT_INT(table->kind, TABLE_NONE);
}

TESTS(RUN(partitions_have_their_place_type_label_and_attributes),
      RUN(the_copy_at_the_end_is_read_when_the_front_is_damaged), RUN(a_table_that_contradicts_itself_is_refused),
      RUN(a_changed_list_and_an_image_cut_short_are_noticed), RUN(an_mbr_is_read_and_what_is_none_is_no_table))
