/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Root hashes, their signatures, the head of the hashes, and which partitions of an image belong to them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/disk.h"
#include "image/test_gpt.h"
#include "image/verity_signature.h"
#include "image/verity_super.h"

#include "base/test.h"

enum { SIZE = GPT_TEST_SECTORS * 512, ROOT_AT = 40, HASHES_AT = 200, SIGNATURE_AT = 300 };

/* gpt_add() numbers partitions by their ids: the first is 00000001-0000…, the second 00000002-0000…. */
#define HASH "00000001000000000000000000000000aabbccddeeff0011223344556677889900000002000000000000000000000000"
#define OTHER_HASH "00000009000000000000000000000000aabbccddeeff0011223344556677889900000002000000000000000000000000"

#if defined(__x86_64__)
#define ROOT GPT_TYPE_ROOT_X86_64
#define ROOT_VERITY "\xed\x57\x73\x2c\xd2\xeb\xd9\x46\xae\xc1\x23\xd4\x37\xec\x2b\xf5"
#define ROOT_SIGNATURE "\x05\x2b\x09\x41\xc8\x9f\x23\x45\x99\x4f\x2d\xef\x04\x08\xb1\x76"

struct image {
    unsigned char bytes[SIZE];
    struct gpt_image gpt;
};

/* A root, its hashes, and a partition with the signature SIGNED, if that is not NULL. */
static struct image *make(const char *signature)
{
    struct image *image = mem_alloc(sizeof *image);

    gpt_begin(&image->gpt, image->bytes);
    gpt_add(&image->gpt, ROOT, ROOT_AT, 199, 0, "root");
    gpt_add(&image->gpt, ROOT_VERITY, HASHES_AT, 299, 0, "root-verity");
    if (signature)
        gpt_add(&image->gpt, ROOT_SIGNATURE, SIGNATURE_AT, 331, 0, "root-verity-sig");
    gpt_end(&image->gpt);
    memcpy(image->bytes + ROOT_AT * 512, "hsqs", 4);
    if (signature)
        memcpy(image->bytes + SIGNATURE_AT * 512, signature, strlen(signature) + 1);
    return image;
}

static int find(const struct image *image, const struct disk_request *request, struct disk *ret, struct error **err)
{
    disk_init(ret);
    ret->fd = memfd_create("image", MFD_CLOEXEC);
    ret->size = SIZE;
    EXPECT_INT(write(ret->fd, image->bytes, SIZE), SIZE);
    return disk_find_parts(ret, "/nowhere/x.raw", request, err);
}

TEST(a_root_hash_finds_the_partitions_that_bear_it)
{
    auto_free struct image *image = make(NULL);
    CLEANUP(disk_done) struct disk disk, plain, other;

    EXPECT_OK(find(image, &(struct disk_request){.root_hash = HASH}, &disk, ERR));
    EXPECT_TRUE(disk.part[DISK_ROOT].verity && disk.part[DISK_ROOT].read_only && !disk.part[DISK_ROOT].is_signed);
    EXPECT_INT(disk.part[DISK_ROOT].verity->offset, HASHES_AT * 512);
    EXPECT_OK(find(image, NULL, &plain, ERR));
    EXPECT_TRUE(!plain.part[DISK_ROOT].verity);
    EXPECT_FAIL(find(image, &(struct disk_request){.root_hash = OTHER_HASH}, &other, ERR), ENODATA,
                "none has the UUID 00000009-0000-0000-0000-000000000000");
}

TEST(the_policy_says_how_a_part_that_could_be_checked_is_used)
{
    auto_free struct image *image = make("{\"rootHash\":\"" HASH "\",\"signature\":\"TWE=\"}\n");
    static const struct {
        const char *policy, *root_hash, *error;
        bool is_checked, is_signed;
    } rows[] = {
        {NULL, NULL, NULL, true, true},
        {"root=signed", NULL, NULL, true, true},
        {"root=verity", NULL, NULL, true, false},
        {"root=verity", HASH, NULL, true, false},
        {"root=unprotected", NULL, NULL, false, false},
        {"root=unprotected", HASH, "used with verity, which was asked for", false, false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(disk_done) struct disk disk;
        const struct disk_request request = {.policy = rows[i].policy, .root_hash = rows[i].root_hash};

        if (rows[i].error) {
            EXPECT_FAIL(find(image, &request, &disk, ERR), EPERM, rows[i].error);
            continue;
        }
        EXPECT_OK(find(image, &request, &disk, ERR));
        EXPECT_INT(disk.part[DISK_ROOT].verity != NULL, rows[i].is_checked);
        EXPECT_INT(disk.part[DISK_ROOT].is_signed, rows[i].is_signed);
    }
}

TEST(a_hash_without_a_signature_does_not_pass_where_one_is_demanded)
{
    auto_free struct image *image = make(NULL);
    CLEANUP(disk_done) struct disk disk, plain;

    EXPECT_FAIL(find(image, &(struct disk_request){.policy = "root=signed", .root_hash = HASH}, &disk, ERR), EPERM,
                "'root' to be used without a signature");
    EXPECT_FAIL(find(image, &(struct disk_request){.policy = "root=verity"}, &plain, ERR), EPERM,
                "'root' to be used unprotected");
}

TEST(a_signature_for_another_partition_is_passed_over)
{
    auto_free struct image *image = make("{\"rootHash\":\"" OTHER_HASH "\",\"signature\":\"TWE=\"}");
    CLEANUP(disk_done) struct disk disk;

    EXPECT_OK(find(image, NULL, &disk, ERR));
    EXPECT_TRUE(!disk.part[DISK_ROOT].verity);
}

TEST(hashes_that_are_nowhere_are_missed)
{
    auto_free struct image *image = make(NULL);
    CLEANUP(disk_done) struct disk disk;

    memset(image->bytes + 1024 + GPT_TEST_ENTRY, 0x55, 16);
    gpt_end(&image->gpt);
    EXPECT_FAIL(find(image, &(struct disk_request){.root_hash = HASH}, &disk, ERR), ENODATA,
                "no hashes (verity) for the partition 'root'");
}
#endif

TEST(a_signature_is_read_strictly)
{
    static const struct {
        const char *text, *error;
    } bad[] = {
        {"", "no object"},
        {"[]", "no object"},
        {"{}", "a member"},
        {"{\"rootHash\":\"" HASH "\"}", "no signature"},
        {"{\"rootHash\":\"12\",\"signature\":\"TWE=\"}", "no root hash"},
        {"{\"rootHash\":\"" HASH "\",\"signature\":\"TWE\"}", "a member"},
        {"{\"rootHash\":\"" HASH "\",\"signature\":\"T=E=\"}", "a member"},
        {"{\"rootHash\":\"" HASH "\",\"signature\":\"TW\\u0045=\"}", "a member"},
        {"{\"rootHash\":\"" HASH "\",\"signature\":\"TWE=\"", "does not end"},
    };
    CLEANUP(verity_signature_done) struct verity_signature good = {0};

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct verity_signature signature;
        EXPECT_FAIL(verity_signature_parse(bad[i].text, &signature, ERR), EBADMSG, bad[i].error);
    }
    EXPECT_OK(
        verity_signature_parse(" {\"x\":\"y\", \"signature\": \"TWE=\",\n\"rootHash\":\"" HASH "\"} ", &good, ERR));
    EXPECT_STR(good.hash, HASH);
    EXPECT_INT(good.size, 2);
    EXPECT_TRUE(memcmp(good.bytes, "Ma", 2) == 0);
}

TEST(a_hash_is_an_even_number_of_digits_of_some_length)
{
    static const char *const bad[] = {"", "00", "0123456789abcdef0123456789abcdeg",
                                      "0123456789abcdef0123456789abcdef0"};
    auto_free char *good = verity_hash_parse("  0123456789ABCDEF0123456789abcdef\n");

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_TRUE(!verity_hash_parse(bad[i]));
    EXPECT_STR(good, "0123456789abcdef0123456789abcdef");
}

/* As veritysetup(8) writes it: sha256, blocks of 4096, 16 of them, a salt of two bytes. */
static void make_head(unsigned char *head)
{
    memset(head, 0, VERITY_SUPER_SIZE);
    memcpy(head, "verity\0\0\1\0\0\0\1\0\0\0", 16);
    memcpy(head + 32, "sha256", 6);
    gpt_put(head + 64, 4096, 4);
    gpt_put(head + 68, 4096, 4);
    gpt_put(head + 72, 16, 8);
    gpt_put(head + 80, 2, 2);
    gpt_put(head + 88, 0xb00a, 2);
}

TEST(the_head_of_the_hashes_becomes_a_line_for_the_kernel)
{
    unsigned char head[VERITY_SUPER_SIZE];
    struct verity_super super;

    make_head(head);
    EXPECT_OK(verity_super_parse(head, 65536, &super, ERR));
    auto_free char *table = verity_super_table(&super, makedev(7, 1), makedev(7, 300), "abcd", NULL);
    EXPECT_STR(table, "1 7:1 7:300 4096 4096 16 1 sha256 abcd 0ab0");
    gpt_put(head + 80, 0, 2);
    EXPECT_OK(verity_super_parse(head, 65536, &super, ERR));
    auto_free char *keyed = verity_super_table(&super, makedev(7, 1), makedev(7, 2), "abcd", "k");
    EXPECT_STR(keyed, "1 7:1 7:2 4096 4096 16 1 sha256 abcd - 2 root_hash_sig_key_desc k");
}

TEST(a_head_that_makes_no_sense_is_refused)
{
    static const struct {
        unsigned at, size;
        uint64_t value;
        const char *error;
    } rows[] = {
        {0, 1, 'V', "no head"},        {8, 4, 2, "a version"},         {12, 4, 2, "a version"},
        {32, 1, ' ', "name of the hash"}, {32, 1, 0, "name of the hash"}, {64, 4, 1000, "size of a block"},
        {68, 4, 1 << 20, "size of a block"}, {72, 8, 17, "more than the partition has"},
        {72, 8, UINT64_MAX, "more than the partition has"}, {72, 8, 0, "more than"}, {80, 2, 257, "salt"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        unsigned char head[VERITY_SUPER_SIZE];
        struct verity_super super;

        make_head(head);
        gpt_put(head + rows[i].at, rows[i].value, rows[i].size);
        EXPECT_FAIL(verity_super_parse(head, 65536, &super, ERR), EBADMSG, rows[i].error);
    }
}

static void write_file(const char *folder, const char *name, const char *text)
{
    auto_free char *path = mem_format("%s/%s", folder, name);
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    EXPECT_INT(write(fd, text, strlen(text)), (long) strlen(text));
}

TEST(files_beside_an_image_tell_its_hash)
{
    char folder[] = "/tmp/redd-verity-XXXXXX";
    const struct disk_request nothing = {0};
    CLEANUP(disk_verity_freep) struct disk_verity *bare = disk_verity_new(), *full = disk_verity_new();

    assert_true(mkdtemp(folder) != NULL);
    auto_free char *path = mem_format("%s/x.raw", folder);
    write_file(folder, "x.raw", "");
    auto_close int fd = file_open(path, O_RDONLY);
    EXPECT_OK(disk_verity_find(fd, path, false, &nothing, bare, ERR));
    EXPECT_TRUE(!bare->hash);
    write_file(folder, "x.roothash", HASH "\n");
    write_file(folder, "x.roothash.p7s", "sig");
    write_file(folder, "x.verity", "");
    EXPECT_OK(disk_verity_find(fd, path, false, &nothing, full, ERR));
    EXPECT_STR(full->hash, HASH);
    EXPECT_INT(full->signature_size, 3);
    EXPECT_TRUE(full->data_fd >= 0 && !full->is_asked);
    write_file(folder, "x.roothash", "nonsense");
    CLEANUP(disk_verity_freep) struct disk_verity *bad = disk_verity_new();
    EXPECT_FAIL(disk_verity_find(fd, path, false, &nothing, bad, ERR), EINVAL, "is no root hash");
    EXPECT_INT(tree_remove_at(AT_FDCWD, folder), 0);
}

TEST(what_is_about_a_hash_needs_one)
{
    const struct disk_request request = {.verity_data = "/dev/null"};
    CLEANUP(disk_verity_freep) struct disk_verity *verity = disk_verity_new();
    auto_close int fd = memfd_create("image", MFD_CLOEXEC);

    EXPECT_FAIL(disk_verity_find(fd, "/nowhere/x.raw", false, &request, verity, ERR), EINVAL, "without a root hash");
}

TEST(base64_is_read_whole_or_not_at_all)
{
    static const char *const bad[] = {"A", "AA", "AAA", "A===", "AA=A", "AAAA=", "AA A", "AAA\n", "===="};
    auto_free unsigned char *bytes = NULL;
    size_t size;

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_INT(base64_decode(bad[i], strlen(bad[i]), &bytes, &size), -EINVAL);
    EXPECT_INT(base64_decode("aGVsbG8=", 8, &bytes, &size), 0);
    EXPECT_INT(size, 5);
    EXPECT_TRUE(memcmp(bytes, "hello", 5) == 0);
}

#if defined(__x86_64__)
#define TESTS_OF_PARTITIONS \
    RUN(a_root_hash_finds_the_partitions_that_bear_it), \
        RUN(the_policy_says_how_a_part_that_could_be_checked_is_used), \
        RUN(a_hash_without_a_signature_does_not_pass_where_one_is_demanded), \
        RUN(a_signature_for_another_partition_is_passed_over), RUN(hashes_that_are_nowhere_are_missed),
#else
#define TESTS_OF_PARTITIONS
#endif

TESTS(TESTS_OF_PARTITIONS RUN(a_signature_is_read_strictly), RUN(a_hash_is_an_even_number_of_digits_of_some_length),
      RUN(the_head_of_the_hashes_becomes_a_line_for_the_kernel), RUN(a_head_that_makes_no_sense_is_refused),
      RUN(files_beside_an_image_tell_its_hash), RUN(what_is_about_a_hash_needs_one),
      RUN(base64_is_read_whole_or_not_at_all))
