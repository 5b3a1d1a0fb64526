/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/file_system.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* Where each is known by; the offsets are those of the drivers' own headers (include/uapi/linux/magic.h has most of the
 * numbers), the marks are as on disk, little-endian where they are numbers. */
static const struct {
    enum content content;
    uint32_t offset;
    unsigned char length;
    const char *mark;
} marks[] = {
    {CONTENT_EXT4, 0x438, 2, "\x53\xef"},
    {CONTENT_XFS, 0, 4, "XFSB"},
    {CONTENT_BTRFS, 0x10040, 8, "_BHRfS_M"},
    {CONTENT_SQUASHFS, 0, 4, "hsqs"},
    {CONTENT_EROFS, 0x400, 4, "\xe2\xe1\xf5\xe0"},
    {CONTENT_VFAT, 0x52, 5, "FAT32"},
    {CONTENT_VFAT, 0x36, 4, "FAT1"},
    {CONTENT_F2FS, 0x400, 4, "\x10\x20\xf5\xf2"},
    {CONTENT_ISO9660, 0x8001, 5, "CD001"},
    {CONTENT_LUKS, 0, 6, "LUKS\xba\xbe"},
    {CONTENT_VERITY, 0, 8, "verity\0\0"},
    {CONTENT_SWAP, 4086, 10, "SWAPSPACE2"},
    {CONTENT_LVM, 512, 8, "LABELONE"},
};

static const struct {
    const char *name;
    bool is_file_system, is_read_only;
} contents[] = {
    [CONTENT_UNKNOWN] = {"nothing that is known", false, false},
    [CONTENT_EXT4] = {"ext4", true, false},
    [CONTENT_XFS] = {"xfs", true, false},
    [CONTENT_BTRFS] = {"btrfs", true, false},
    [CONTENT_SQUASHFS] = {"squashfs", true, true},
    [CONTENT_EROFS] = {"erofs", true, true},
    [CONTENT_VFAT] = {"vfat", true, false},
    [CONTENT_F2FS] = {"f2fs", true, false},
    [CONTENT_ISO9660] = {"iso9660", true, true},
    [CONTENT_LUKS] = {"an encrypted volume (LUKS)", false, false},
    [CONTENT_VERITY] = {"hashes of another partition (verity)", false, false},
    [CONTENT_SWAP] = {"swap space", false, false},
    [CONTENT_LVM] = {"a physical volume (LVM)", false, false},
};

const char *content_name(enum content content)
{
    return contents[content].name;
}

bool content_is_file_system(enum content content)
{
    return contents[content].is_file_system;
}

bool content_is_read_only(enum content content)
{
    return contents[content].is_read_only;
}

int content_probe(int fd, uint64_t offset, uint64_t size, enum content *ret, struct error **err)
{
    enum content found = CONTENT_UNKNOWN;

    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        char bytes[16];

        if ((uint64_t) marks[i].offset + marks[i].length > size)
            continue;
        ssize_t n = pread(fd, bytes, marks[i].length, (off_t) (offset + marks[i].offset));
        if (n < 0)
            return fail(err, errno, "cannot read the image");
        if (n != marks[i].length || memcmp(bytes, marks[i].mark, marks[i].length) != 0)
            continue;
        if (found != CONTENT_UNKNOWN && found != marks[i].content) {
            int r = fail_plain(err, EBADMSG, "it could be %s or %s", content_name(found),
                               content_name(marks[i].content));

            fail_id(*err, "R3202");
            fail_hint(*err, "'wipefs IMAGE' shows the marks of what it held before, and can remove them");
            return r;
        }
        found = marks[i].content;
    }
    *ret = found;
    return 0;
}
