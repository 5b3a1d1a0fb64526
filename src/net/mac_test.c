/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hardware addresses that last. */
#include "net/mac.h"

#include <errno.h>

#include "base/test.h"

static const struct mac_key key = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

TEST(an_address_is_that_of_a_single_station_and_locally_administered)
{
    for (int i = 0; i < 200; i++) {
        char name[16];

        (void) snprintf(name, sizeof name, "machine%d", i);
        EXPECT_INT(mac_derive(&key, "host", name, "").byte[0] & 3, 2);
    }
}

TEST(an_address_is_the_same_each_time)
{
    char text[MAC_TEXT_SIZE];

    mac_format(mac_derive(&key, "container", "web", ""), text);
    EXPECT_STR(text, "ea:88:ec:b9:b7:38");
}

TEST(each_word_changes_the_address)
{
    const struct mac_key other_key = {{1}};
    const struct mac macs[] = {
        mac_derive(&key, "host", "web", ""),       mac_derive(&key, "container", "web", ""),
        mac_derive(&key, "host", "web2", ""),      mac_derive(&key, "host", "web", "eth0"),
        mac_derive(&other_key, "host", "web", ""),
    };

    for (size_t i = 0; i < sizeof macs / sizeof *macs; i++)
        for (size_t j = 0; j < i; j++)
            EXPECT_TRUE(!mac_equal(macs[i], macs[j]));
}

TEST(the_key_of_this_host_stays)
{
    struct mac_key a, b;

    mac_key_read(&a);
    mac_key_read(&b);
    EXPECT_TRUE(memcmp(a.byte, b.byte, sizeof a.byte) == 0);
    EXPECT_TRUE(memcmp(a.byte, (uint8_t[16]){0}, sizeof a.byte) != 0);
}

TEST(text_becomes_an_address_and_back)
{
    char text[MAC_TEXT_SIZE];
    struct mac mac;

    EXPECT_INT(mac_parse("02:00:00:aa:BB:01", &mac), 0);
    mac_format(mac, text);
    EXPECT_STR(text, "02:00:00:aa:bb:01");
    EXPECT_INT(mac_parse("02-00-00-aa-bb-02", &mac), 0);
    EXPECT_INT(mac.byte[5], 2);
}

TEST(what_is_no_address_is_refused)
{
    static const char *const rows[] = {"", "02:00:00:aa:bb", "02:00:00:aa:bb:0g", "02:00:00:aa:bb:011",
                                       "02.00.00.aa.bb.01", "0200:00:aa:bb:011"};
    struct mac mac = {{9}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        EXPECT_INT(mac_parse(rows[i], &mac), -EINVAL);
    EXPECT_INT(mac.byte[0], 9);
}

TESTS(RUN(an_address_is_that_of_a_single_station_and_locally_administered), RUN(an_address_is_the_same_each_time),
      RUN(each_word_changes_the_address), RUN(the_key_of_this_host_stays), RUN(text_becomes_an_address_and_back),
      RUN(what_is_no_address_is_refused))
