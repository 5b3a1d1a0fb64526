/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/partition_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    MBR_SIZE = 512,
    MBR_TABLE = 446,            /* four entries of 16 bytes, and the two bytes of the mark */
    MBR_ENTRY = 16,
    MBR_ENTRIES = 4,
    MBR_TYPE_GPT = 0xee,        /* "protective": keeps programs that know no GPT away */
    HEADER_SIZE = 92,
    ENTRY_SIZE = 128,
    ENTRY_NAME = 36,            /* UTF-16 units */
    TABLE_SIZE_MAX = PARTITIONS_MAX * ENTRY_SIZE * 4,
};

#define GPT_MAGIC "EFI PART"
#define ATTRIBUTE_GROW (1ULL << 59)
#define ATTRIBUTE_READ_ONLY (1ULL << 60)
#define ATTRIBUTE_NO_AUTO (1ULL << 63)

struct image_bytes {
    int fd;
    uint64_t size;
};

/* What of a header is needed. */
struct gpt {
    uint64_t lba, first_usable, last_usable, entries_lba;
    uint32_t n_entries, entry_size, entries_crc;
};

static uint16_t get16(const unsigned char *at)
{
    return (uint16_t) (at[0] | at[1] << 8);
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t) get16(at) | (uint32_t) get16(at + 2) << 16;
}

static uint64_t get64(const unsigned char *at)
{
    return (uint64_t) get32(at) | (uint64_t) get32(at + 4) << 32;
}

/* The first three parts of a GUID are little-endian numbers. */
static struct id128 get_id(const unsigned char *at)
{
    static const unsigned char order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    struct id128 id;

    for (size_t i = 0; i < sizeof order; i++)
        id.byte[i] = at[order[i]];
    return id;
}

/* CRC-32 of IEEE 802.3, four bits at a time. */
static uint32_t crc32_of(const unsigned char *data, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc = table[(crc ^ data[i]) & 15] ^ crc >> 4;
        crc = table[(crc ^ data[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}

static int read_at(const struct image_bytes *image, uint64_t offset, void *buffer, size_t size)
{
    unsigned char *at = buffer;

    if (offset > image->size || size > image->size - offset)
        return -ENODATA;
    while (size > 0) {
        ssize_t n = pread(image->fd, at, size, (off_t) offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -ENODATA;
        at += n;
        offset += (uint64_t) n;
        size -= (size_t) n;
    }
    return 0;
}

static int fail_table(struct error **err, const char *what)
{
    int r = fail_plain(err, EBADMSG, "the partition table is damaged: %s", what);

    fail_id(*err, "R3201");
    fail_hint(*err, "'sfdisk --verify IMAGE' looks closer; the image may have been cut short when it was copied");
    return r;
}

/* -ENODATA for no header, -EBADMSG for one that does not hold together. */
static int read_header(const struct image_bytes *image, uint64_t lba, unsigned sector_size, struct gpt *ret)
{
    unsigned char header[HEADER_SIZE];
    int r = read_at(image, lba * sector_size, header, sizeof header);

    if (r < 0)
        return r;
    if (memcmp(header, GPT_MAGIC, strlen(GPT_MAGIC)) != 0)
        return -ENODATA;

    uint32_t crc = get32(header + 16);
    memset(header + 16, 0, 4);
    *ret = (struct gpt){
        .lba = get64(header + 24),
        .first_usable = get64(header + 40),
        .last_usable = get64(header + 48),
        .entries_lba = get64(header + 72),
        .n_entries = get32(header + 80),
        .entry_size = get32(header + 84),
        .entries_crc = get32(header + 88),
    };
    /* a header may be longer than what this version of it has; nobody has made one yet */
    if (get32(header + 12) != HEADER_SIZE || crc32_of(header, sizeof header) != crc || ret->lba != lba)
        return -EBADMSG;
    return 0;
}

static int read_entries(const struct image_bytes *image, const struct gpt *gpt, unsigned sector_size,
                        unsigned char **ret, struct error **err)
{
    auto_free void *entries = NULL;

    if (gpt->entry_size < ENTRY_SIZE || gpt->entry_size % 8 != 0 || gpt->n_entries == 0 ||
        (uint64_t) gpt->n_entries * gpt->entry_size > TABLE_SIZE_MAX)
        return fail_table(err, "the size of its list is out of range");

    size_t size = (size_t) gpt->n_entries * gpt->entry_size;
    if (gpt->entries_lba > UINT64_MAX / sector_size)
        return fail_table(err, "its list is beyond the end of the image");
    entries = mem_alloc(size);
    int r = read_at(image, gpt->entries_lba * sector_size, entries, size);
    if (r == -ENODATA)
        return fail_table(err, "its list is beyond the end of the image");
    if (r < 0)
        return fail(err, -r, "cannot read the partition table");
    if (crc32_of(entries, size) != gpt->entries_crc)
        return fail_table(err, "the checksum of its list is wrong");
    *ret = (unsigned char *) TAKE(entries);
    return 0;
}

/* UTF-16 to UTF-8; what cannot be printed becomes "?". */
static void get_label(const unsigned char *at, char *ret)
{
    for (size_t i = 0; i < ENTRY_NAME; i++) {
        uint16_t unit = get16(at + 2 * i);

        if (unit == 0)
            break;
        if (unit < 0x20 || unit == 0x7f || (unit >= 0xd800 && unit < 0xe000))
            unit = '?';
        if (unit < 0x80)
            *ret++ = (char) unit;
        else if (unit < 0x800) {
            *ret++ = (char) (0xc0 | unit >> 6);
            *ret++ = (char) (0x80 | (unit & 0x3f));
        } else {
            *ret++ = (char) (0xe0 | unit >> 12);
            *ret++ = (char) (0x80 | (unit >> 6 & 0x3f));
            *ret++ = (char) (0x80 | (unit & 0x3f));
        }
    }
    *ret = '\0';
}

static int take_entry(const unsigned char *entry, const struct gpt *gpt, uint64_t image_size,
                      struct partition_table *table, struct error **err)
{
    uint64_t first = get64(entry + 32), last = get64(entry + 40), attributes = get64(entry + 48);
    uint64_t sectors = image_size / table->sector_size;

    if (id128_is_null(get_id(entry)))
        return 0;
    if (first > last || first < gpt->first_usable || last > gpt->last_usable)
        return fail_table(err, "a partition lies outside of what the table itself calls usable");
    if (last >= sectors)
        return fail_table(err, "a partition ends beyond the end of the image");
    if (table->count == PARTITIONS_MAX)
        return fail_table(err, "it has more than 128 partitions");

    struct partition *partition = &table->item[table->count++];
    *partition = (struct partition){
        .type = get_id(entry),
        .id = get_id(entry + 16),
        .attributes = (attributes & ATTRIBUTE_GROW ? PARTITION_GROW : 0) |
                      (attributes & ATTRIBUTE_READ_ONLY ? PARTITION_READ_ONLY : 0) |
                      (attributes & ATTRIBUTE_NO_AUTO ? PARTITION_NO_AUTO : 0),
        .offset = first * table->sector_size,
        .size = (last - first + 1) * table->sector_size,
    };
    get_label(entry + 56, partition->label);
    return 0;
}

static int check_overlaps(const struct partition_table *table, struct error **err)
{
    for (size_t i = 0; i < table->count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct partition *a = &table->item[i], *b = &table->item[k];

            if (a->offset < b->offset + b->size && b->offset < a->offset + a->size)
                return fail_table(err, "two partitions overlap");
        }
    return 0;
}

static int read_gpt(const struct image_bytes *image, const struct gpt *gpt, struct partition_table *table,
                    struct error **err)
{
    auto_free unsigned char *entries = NULL;

    table->kind = TABLE_GPT;
    if (read_entries(image, gpt, table->sector_size, &entries, err) < 0)
        return -error_code(*err);
    for (uint32_t i = 0; i < gpt->n_entries; i++)
        if (take_entry(entries + (size_t) i * gpt->entry_size, gpt, image->size, table, err) < 0)
            return -error_code(*err);
    return check_overlaps(table, err);
}

/* The table at the front, else its copy at the end, for each size a sector may have. */
static int find_gpt(const struct image_bytes *image, struct partition_table *table, struct error **err)
{
    static const unsigned sector_sizes[] = {512, 4096};
    struct gpt gpt;

    for (size_t i = 0; i < COUNT_OF(sector_sizes); i++) {
        table->sector_size = sector_sizes[i];
        if (read_header(image, 1, table->sector_size, &gpt) == 0)
            return read_gpt(image, &gpt, table, err);
    }
    for (size_t i = 0; i < COUNT_OF(sector_sizes); i++) {
        table->sector_size = sector_sizes[i];
        if (image->size / table->sector_size > 1 &&
            read_header(image, image->size / table->sector_size - 1, table->sector_size, &gpt) == 0)
            return read_gpt(image, &gpt, table, err);
    }
    return fail_table(err, "neither the one in front nor its copy at the end can be read");
}

static int take_mbr(const struct image_bytes *image, const unsigned char *mbr, struct partition_table *table,
                    struct error **err)
{
    table->kind = TABLE_MBR;
    table->sector_size = MBR_SIZE;
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        const unsigned char *entry = mbr + MBR_TABLE + (size_t) i * MBR_ENTRY;
        uint64_t first = get32(entry + 8), sectors = get32(entry + 12);

        if (entry[4] == 0 || sectors == 0)
            continue;
        if (first == 0 || (first + sectors) * MBR_SIZE > image->size)
            return fail_table(err, "a partition ends beyond the end of the image");
        table->item[table->count++] = (struct partition){
            .mbr_type = entry[4],
            .is_bootable = entry[0] == 0x80,
            .offset = first * MBR_SIZE,
            .size = sectors * MBR_SIZE,
        };
    }
    return check_overlaps(table, err);
}

/* The first sector of a file system may bear the mark of an MBR too (those of DOS do): its entries make no sense. */
static bool looks_like_mbr(const unsigned char *mbr)
{
    if (mbr[MBR_SIZE - 2] != 0x55 || mbr[MBR_SIZE - 1] != 0xaa)
        return false;
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        const unsigned char *entry = mbr + MBR_TABLE + (size_t) i * MBR_ENTRY;

        if (entry[0] != 0 && entry[0] != 0x80)
            return false;
    }
    return true;
}

static bool has_entry(const unsigned char *mbr, unsigned char type)
{
    for (unsigned i = 0; i < MBR_ENTRIES; i++)
        if (mbr[MBR_TABLE + i * MBR_ENTRY + 4] == type)
            return true;
    return false;
}

int partition_table_read(int fd, uint64_t size, struct partition_table *ret, struct error **err)
{
    const struct image_bytes image = {fd, size};
    unsigned char mbr[MBR_SIZE];
    int r = read_at(&image, 0, mbr, sizeof mbr);

    *ret = (struct partition_table){.kind = TABLE_NONE};
    if (r == -ENODATA)
        return 0;
    if (r < 0)
        return fail(err, -r, "cannot read the image");
    if (!looks_like_mbr(mbr))
        return 0;
    if (has_entry(mbr, MBR_TYPE_GPT))
        return find_gpt(&image, ret, err);
    r = take_mbr(&image, mbr, ret, err);
    if (r == 0 && ret->count == 0)
        ret->kind = TABLE_NONE;
    return r;
}
