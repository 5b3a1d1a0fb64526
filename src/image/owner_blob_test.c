/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids inside ACLs and capabilities. */
#include "image/owner_blob.h"

#include <errno.h>

#include "base/mem.h"

#include "base/test.h"

/* user::rwx user:5:rwx group::r-x group:8:r-- mask::rwx other::r-x */
static const unsigned char acl[] = {
    2, 0, 0, 0,
    1, 0, 7, 0, 255, 255, 255, 255,
    2, 0, 7, 0, 5, 0, 0, 0,
    4, 0, 5, 0, 255, 255, 255, 255,
    8, 0, 4, 0, 8, 0, 0, 0,
    16, 0, 7, 0, 255, 255, 255, 255,
    32, 0, 5, 0, 255, 255, 255, 255,
};

TEST(named_users_and_groups_of_an_acl_move_and_nothing_else)
{
    unsigned char moved[sizeof acl], back[sizeof acl];

    memcpy(moved, acl, sizeof acl);
    EXPECT_INT(acl_move(moved, sizeof moved, 0x00060000), 1);
    EXPECT_INT(moved[16] | moved[17] << 8 | moved[18] << 16, 0x060005);
    EXPECT_INT(moved[32] | moved[33] << 8 | moved[34] << 16, 0x060008);
    memcpy(back, moved, sizeof moved);
    EXPECT_INT(acl_move(moved, sizeof moved, 0x00060000), 0);
    EXPECT_INT(acl_move(back, sizeof back, 0), 1);
    assert_memory_equal(back, acl, sizeof acl);
}

TEST(what_is_no_acl_is_refused_and_left_alone)
{
    unsigned char bad[sizeof acl];

    memcpy(bad, acl, sizeof acl);
    EXPECT_INT(acl_move(bad, 3, 0x60000), -EINVAL);
    EXPECT_INT(acl_move(bad, sizeof bad - 1, 0x60000), -EINVAL);
    bad[0] = 1;
    EXPECT_INT(acl_move(bad, sizeof bad, 0x60000), -EINVAL);
    EXPECT_INT(acl_move(bad, 0, 0x60000), -EINVAL);
}

TEST(a_capability_for_everybody_stays_as_it_is)
{
    unsigned char capability[20] = {1, 0, 0, 2, 0, 32};
    size_t size = sizeof capability;

    EXPECT_INT(capability_move(capability, &size, 0x60000), 0);
    EXPECT_INT(size, 20);
}

TEST(a_capability_for_one_root_moves_with_it_and_home_it_is_for_everybody)
{
    unsigned char capability[24] = {1, 0, 0, 3, 0, 32, [20] = 0, 0, 6, 0};
    size_t size = sizeof capability;

    EXPECT_INT(capability_move(capability, &size, 0x00090000), 1);
    EXPECT_INT(capability[22], 9);
    EXPECT_INT(capability_move(capability, &size, 0x00090000), 0);
    EXPECT_INT(capability_move(capability, &size, 0), 1);
    EXPECT_INT(size, 20);
    EXPECT_INT(capability[3], 2);
    EXPECT_INT(capability[0], 1);
}

TEST(what_is_no_capability_is_refused)
{
    unsigned char capability[24] = {0, 0, 0, 9};
    size_t size = sizeof capability;

    EXPECT_INT(capability_move(capability, &size, 0x60000), -EINVAL);
    capability[3] = 3;
    size = 20;
    EXPECT_INT(capability_move(capability, &size, 0x60000), -EINVAL);
    size = 3;
    EXPECT_INT(capability_move(capability, &size, 0x60000), -EINVAL);
}

TESTS(RUN(named_users_and_groups_of_an_acl_move_and_nothing_else), RUN(what_is_no_acl_is_refused_and_left_alone),
      RUN(a_capability_for_everybody_stays_as_it_is),
      RUN(a_capability_for_one_root_moves_with_it_and_home_it_is_for_everybody), RUN(what_is_no_capability_is_refused))
