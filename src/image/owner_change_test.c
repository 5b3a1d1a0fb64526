/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids on their way from one tree to another. */
#include "image/owner_change.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <linux/capability.h>

#include "base/test.h"

static const struct owner_change into = {.from = 0, .to = 1000000, .count = 65536, .other = 1000000};
static const struct owner_change out = {.from = 1000000, .to = 0, .count = 65536, .other = OWNER_CHANGE_STAY};

TEST(ids_of_the_range_move_and_the_others_become_root_or_stay)
{
    EXPECT_INT(owner_change_id(NULL, 7), 7);
    EXPECT_INT(owner_change_id(&into, 0), 1000000);
    EXPECT_INT(owner_change_id(&into, 65535), 1065535);
    EXPECT_INT(owner_change_id(&into, 65536), 1000000);
    EXPECT_TRUE(owner_change_is_other(&into, 65536) && !owner_change_is_other(&into, 65535));
    EXPECT_INT(owner_change_id(&out, 1001000), 1000);
    EXPECT_INT(owner_change_id(&out, 999999), 999999);
    EXPECT_INT(owner_change_id(&out, 1065536), 1065536);
}

TEST(named_users_of_an_acl_move_and_its_other_entries_do_not)
{
    uint8_t acl[4 + 3 * 8] = {2, 0, 0, 0,
                              1, 0, 7, 0, 255, 255, 255, 255,
                              2, 0, 7, 0, 42, 0, 0, 0,
                              8, 0, 5, 0, 29, 0, 0, 0};
    size_t size = sizeof acl;
    uint32_t id;

    EXPECT_INT(owner_change_attribute(&into, "system.posix_acl_access", acl, &size), 0);
    EXPECT_INT(size, sizeof acl);
    memcpy(&id, acl + 8, 4);
    EXPECT_TRUE(id == UINT32_MAX);
    memcpy(&id, acl + 16, 4);
    EXPECT_INT(le32toh(id), 1000042);
    memcpy(&id, acl + 24, 4);
    EXPECT_INT(le32toh(id), 1000029);
}

TEST(a_capability_of_the_hosts_root_becomes_one_of_the_machines_and_back)
{
    struct vfs_ns_cap_data data = {.magic_etc = htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE)};
    size_t size = XATTR_CAPS_SZ_2;

    EXPECT_INT(owner_change_attribute(&into, "security.capability", &data, &size), 0);
    EXPECT_INT(size, XATTR_CAPS_SZ_3);
    EXPECT_INT(le32toh(data.rootid), 1000000);
    EXPECT_INT(le32toh(data.magic_etc), VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE);
    EXPECT_INT(owner_change_attribute(&out, "security.capability", &data, &size), 0);
    EXPECT_INT(size, XATTR_CAPS_SZ_2);
    EXPECT_INT(le32toh(data.magic_etc), VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE);
}

TEST(what_is_no_acl_and_no_capability_is_refused_and_other_names_are_left_alone)
{
    char bytes[8] = "abcdefg";
    size_t size = sizeof bytes;

    EXPECT_INT(owner_change_attribute(&into, "system.posix_acl_access", bytes, &size), -EINVAL);
    EXPECT_INT(owner_change_attribute(&into, "security.capability", bytes, &size), -EINVAL);
    EXPECT_INT(owner_change_attribute(&into, "user.anything", bytes, &size), 0);
    EXPECT_INT(owner_change_attribute(NULL, "security.capability", bytes, &size), 0);
    EXPECT_STR(bytes, "abcdefg");
}

TESTS(RUN(ids_of_the_range_move_and_the_others_become_root_or_stay),
      RUN(named_users_of_an_acl_move_and_its_other_entries_do_not),
      RUN(a_capability_of_the_hosts_root_becomes_one_of_the_machines_and_back),
      RUN(what_is_no_acl_and_no_capability_is_refused_and_other_names_are_left_alone))
