/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File systems are known by their marks, and two marks are one too many. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/file_system.h"

#include "base/test.h"

enum { SIZE = 1 << 20, OFFSET = 4096 };

static int make(const char *mark, size_t length, off_t at)
{
    int fd = memfd_create("image", MFD_CLOEXEC);

    assert_true(fd >= 0 && ftruncate(fd, SIZE) == 0);
    EXPECT_INT(pwrite(fd, mark, length, OFFSET + at), length);
    return fd;
}

TEST(what_bears_a_mark_is_known)
{
    static const struct {
        const char *mark;
        size_t length;
        off_t at;
        const char *name;
        bool is_file_system;
    } rows[] = {
        {"\x53\xef", 2, 0x438, "ext4", true},     {"XFSB", 4, 0, "xfs", true},
        {"hsqs", 4, 0, "squashfs", true},         {"_BHRfS_M", 8, 0x10040, "btrfs", true},
        {"CD001", 5, 0x8001, "iso9660", true},    {"LUKS\xba\xbe", 6, 0, "an encrypted volume (LUKS)", false},
        {"SWAPSPACE2", 10, 4086, "swap space", false},
        {"nothing", 7, 0, "nothing that is known", false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_close int fd = make(rows[i].mark, rows[i].length, rows[i].at);
        enum content content;

        EXPECT_OK(content_probe(fd, OFFSET, SIZE - OFFSET, &content, ERR));
        EXPECT_STR(content_name(content), rows[i].name);
        EXPECT_INT(content_is_file_system(content), rows[i].is_file_system);
    }
}

TEST(marks_beyond_the_end_do_not_count)
{
    auto_close int fd = make("_BHRfS_M", 8, 0x10040);
    enum content content;

    EXPECT_OK(content_probe(fd, OFFSET, 0x10044, &content, ERR));
    EXPECT_INT(content, CONTENT_UNKNOWN);
}

TEST(two_marks_are_refused)
{
    auto_close int fd = make("XFSB", 4, 0);
    enum content content;

    EXPECT_INT(pwrite(fd, "\x53\xef", 2, OFFSET + 0x438), 2);
    EXPECT_FAIL(content_probe(fd, OFFSET, SIZE - OFFSET, &content, ERR), EBADMSG, "it could be ext4 or xfs");
    EXPECT_HINT("wipefs");
}

TESTS(RUN(what_bears_a_mark_is_known), RUN(marks_beyond_the_end_do_not_count), RUN(two_marks_are_refused))
