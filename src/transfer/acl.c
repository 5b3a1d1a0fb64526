/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's form: a version, then rows of tag, permissions and id, little endian, in the order of tags and ids. */
#include "transfer/acl.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/mem.h"
#include "base/strings.h"

#define VERSION 2
#define MAX_ROWS 8192           /* 64 KiB is the most an attribute can hold */
#define NO_ID UINT32_MAX

struct row {
    uint16_t tag;
    uint16_t permissions;
    uint32_t id;
};

/* clang-format off */
static const struct { int ours; uint16_t kernel; } tags[] = {
    {ARCHIVE_ENTRY_ACL_USER_OBJ,  0x01},
    {ARCHIVE_ENTRY_ACL_USER,      0x02},
    {ARCHIVE_ENTRY_ACL_GROUP_OBJ, 0x04},
    {ARCHIVE_ENTRY_ACL_GROUP,     0x08},
    {ARCHIVE_ENTRY_ACL_MASK,      0x10},
    {ARCHIVE_ENTRY_ACL_OTHER,     0x20},
};
/* clang-format on */

static uint16_t tag_of(int ours)
{
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        if (tags[i].ours == ours)
            return tags[i].kernel;
    return 0;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Whose row it is. A number in the name's place comes first: the library's own numbers end at 2^31. */
static bool id_of(uint16_t tag, int qualifier, const char *name, uint32_t *ret)
{
    *ret = NO_ID;
    if (tag != 0x02 && tag != 0x08)
        return true;
    if (name && parse_u32(name, ret) == 0)
        return true;
    *ret = (uint32_t) qualifier;
    return qualifier >= 0;
}

int acl_from_entry(struct archive_entry *entry, bool is_default, void **ret, size_t *ret_size)
{
    int want = is_default ? ARCHIVE_ENTRY_ACL_TYPE_DEFAULT : ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
    int n = archive_entry_acl_reset(entry, want), type, permissions, tag, qualifier;
    const char *name;
    size_t count = 0;

    *ret_size = 0;
    if (n <= 0)
        return 0;
    if (n > MAX_ROWS)
        return -EINVAL;

    auto_free struct row *rows = mem_alloc(((size_t) n + 3) * sizeof *rows);
    while (count < (size_t) n + 3 &&
           archive_entry_acl_next(entry, want, &type, &permissions, &tag, &qualifier, &name) == ARCHIVE_OK) {
        struct row row = {.tag = tag_of(tag), .permissions = (uint16_t) (permissions & 7)};

        if (row.tag && id_of(row.tag, qualifier, name, &row.id))
            rows[count++] = row;
    }
    if (count == 0)
        return 0;
    qsort(rows, count, sizeof *rows, compare_rows);

    char *blob = mem_alloc(4 + 8 * count);
    uint32_t version = htole32(VERSION);
    (void) memcpy(blob, &version, 4);
    for (size_t i = 0; i < count; i++) {
        struct row row = {htole16(rows[i].tag), htole16(rows[i].permissions), htole32(rows[i].id)};

        (void) memcpy(blob + 4 + 8 * i, &row, 8);
    }
    *ret = blob;
    *ret_size = 4 + 8 * count;
    return 0;
}

int acl_to_entry(struct archive_entry *entry, bool is_default, const void *blob, size_t size)
{
    uint32_t version;

    if (size < 4 || (size - 4) % 8 != 0)
        return -EINVAL;
    (void) memcpy(&version, blob, 4);
    if (le32toh(version) != VERSION)
        return -EINVAL;
    for (size_t at = 4; at < size; at += 8) {
        struct row row;
        char id[16];

        (void) memcpy(&row, (const char *) blob + at, 8);
        (void) snprintf(id, sizeof id, "%u", le32toh(row.id));
        for (size_t i = 0; i < COUNT_OF(tags); i++)
            if (tags[i].kernel == le16toh(row.tag)) {
                bool named = tags[i].ours == ARCHIVE_ENTRY_ACL_USER || tags[i].ours == ARCHIVE_ENTRY_ACL_GROUP;

                (void) archive_entry_acl_add_entry(
                    entry, is_default ? ARCHIVE_ENTRY_ACL_TYPE_DEFAULT : ARCHIVE_ENTRY_ACL_TYPE_ACCESS,
                    le16toh(row.permissions) & 7, tags[i].ours, named ? (int) le32toh(row.id) : -1, named ? id : NULL);
            }
    }
    return 0;
}
