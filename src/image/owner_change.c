/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids and the places they hide in. The values of attributes were written by the tree's owner, who may be an enemy. */
#include "image/owner_change.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <linux/capability.h>

#include "base/strings.h"

bool owner_change_is_other(const struct owner_change *change, uint32_t id)
{
    return change && id - change->from >= change->count;
}

uint32_t owner_change_id(const struct owner_change *change, uint32_t id)
{
    if (!change)
        return id;
    if (!owner_change_is_other(change, id))
        return change->to + (id - change->from);
    return change->other == OWNER_CHANGE_STAY ? id : change->other;
}

/* linux/posix_acl_xattr.h: a version, then entries; ids matter in those of named users and groups. */
static int change_acl(const struct owner_change *change, char *value, size_t size)
{
    enum { VERSION = 2, TAG_USER = 0x02, TAG_GROUP = 0x08 };
    struct {
        uint16_t tag, permissions;
        uint32_t id;
    } entry;
    uint32_t version;

    if (size < sizeof version || (size - sizeof version) % sizeof entry != 0)
        return -EINVAL;
    memcpy(&version, value, sizeof version);
    if (le32toh(version) != VERSION)
        return -EINVAL;
    for (char *at = value + sizeof version; at < value + size; at += sizeof entry) {
        memcpy(&entry, at, sizeof entry);
        if (le16toh(entry.tag) != TAG_USER && le16toh(entry.tag) != TAG_GROUP)
            continue;
        entry.id = htole32(owner_change_id(change, le32toh(entry.id)));
        memcpy(at, &entry, sizeof entry);
    }
    return 0;
}

/* A file capability holds for the root user of one user namespace; the form that names none means the host's. */
static int change_capability(const struct owner_change *change, char *value, size_t *size)
{
    struct vfs_ns_cap_data data = {0};

    if (*size != XATTR_CAPS_SZ_2 && *size != XATTR_CAPS_SZ_3)
        return -EINVAL;
    memcpy(&data, value, *size);
    uint32_t root = owner_change_id(change, *size == XATTR_CAPS_SZ_3 ? le32toh(data.rootid) : 0);
    uint32_t revision = root == 0 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3;

    data.magic_etc = htole32((le32toh(data.magic_etc) & ~VFS_CAP_REVISION_MASK) | revision);
    data.rootid = htole32(root);
    *size = root == 0 ? XATTR_CAPS_SZ_2 : XATTR_CAPS_SZ_3;
    memcpy(value, &data, *size);
    return 0;
}

int owner_change_attribute(const struct owner_change *change, const char *name, void *value, size_t *size)
{
    if (!change)
        return 0;
    if (string_starts(name, "system.posix_acl_"))
        return change_acl(change, value, *size);
    if (strcmp(name, "security.capability") == 0)
        return change_capability(change, value, size);
    return 0;
}
