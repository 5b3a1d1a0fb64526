/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two formats are the kernel's: linux/posix_acl_xattr.h and linux/capability.h, little endian. */
#include "image/owner_blob.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <linux/capability.h>

#define ACL_VERSION 2
#define ACL_TAG_USER 0x02
#define ACL_TAG_GROUP 0x08

struct acl_entry {
    uint16_t tag, permissions;
    uint32_t id;
};

static uint32_t get_u32(const void *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof value);
    return le32toh(value);
}

static void put_u32(void *to, uint32_t value)
{
    value = htole32(value);
    memcpy(to, &value, sizeof value);
}

int acl_move(void *blob, size_t size, uint32_t base)
{
    char *at = blob, *end = at + size;
    int changed = 0;

    if (size < sizeof(uint32_t) || (size - sizeof(uint32_t)) % sizeof(struct acl_entry) != 0 ||
        get_u32(at) != ACL_VERSION)
        return -EINVAL;
    for (at += sizeof(uint32_t); at < end; at += sizeof(struct acl_entry)) {
        struct acl_entry entry;

        memcpy(&entry, at, sizeof entry);
        if (le16toh(entry.tag) != ACL_TAG_USER && le16toh(entry.tag) != ACL_TAG_GROUP)
            continue;
        uint32_t id = le32toh(entry.id), moved = owner_move(id, base);
        if (moved != id) {
            entry.id = htole32(moved);
            memcpy(at, &entry, sizeof entry);
            changed = 1;
        }
    }
    return changed;
}

int capability_move(void *blob, size_t *size, uint32_t base)
{
    struct vfs_ns_cap_data *data = blob;

    if (*size < sizeof(uint32_t))
        return -EINVAL;

    uint32_t magic = get_u32(&data->magic_etc), revision = magic & VFS_CAP_REVISION_MASK;
    if (revision != VFS_CAP_REVISION_3)
        return (revision == VFS_CAP_REVISION_2 && *size == XATTR_CAPS_SZ_2) ||
                       (revision == VFS_CAP_REVISION_1 && *size == XATTR_CAPS_SZ_1)
                   ? 0 : -EINVAL;
    if (*size != XATTR_CAPS_SZ_3)
        return -EINVAL;

    uint32_t root = get_u32(&data->rootid), moved = owner_move(root, base);
    if (moved == root)
        return 0;
    if (moved == 0) {
        put_u32(&data->magic_etc, (magic & ~VFS_CAP_REVISION_MASK) | VFS_CAP_REVISION_2);
        *size = XATTR_CAPS_SZ_2;
    } else
        put_u32(&data->rootid, moved);
    return 1;
}
