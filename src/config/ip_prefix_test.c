/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/ip_prefix.h"

#include <errno.h>

#include "base/test.h"

static struct ip_prefix prefix(const char *text)
{
    struct ip_prefix parsed = {0};

    assert_int_equal(ip_prefix_parse(text, &parsed), 0);
    return parsed;
}

static const char *print(struct ip_prefix p)
{
    static char text[4][IP_PREFIX_TEXT_SIZE];
    static unsigned next;

    return ip_prefix_format(&p, text[next++ % 4]);
}

TEST(an_address_prints_as_it_is_written)
{
    char text[IP_PREFIX_TEXT_SIZE];
    struct ip_prefix p = prefix("fd00:0:0::2/64");

    EXPECT_STR(print(prefix("10.4.0.2/28")), "10.4.0.2/28");
    EXPECT_STR(print(prefix("10.4.0.2")), "10.4.0.2/32");
    EXPECT_STR(print(p), "fd00::2/64");
    EXPECT_STR(ip_address_format(&p, text), "fd00::2");
}

TEST(what_is_no_address_is_refused_and_nothing_written)
{
    static const char *const bad[] = {"", "/", "10.4.0", "10.4.0.2/33", "10.4.0.2/", "fd00::2/129", "fd00:::1",
                                      "10.4.0.2/-1", "10.4.0.256", "::ffff:1.2.3.4.5", "10.4.0.2/24x", " 10.4.0.2",
                                      "1111111111111111111111111111111111111111111111111111:"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ip_prefix p = {.family = 77};

        EXPECT_INT(ip_prefix_parse(bad[i], &p), -EINVAL);
        EXPECT_INT(p.family, 77);
    }
}

TEST(a_network_has_no_bits_behind_its_prefix)
{
    struct ip_prefix p = prefix("10.4.7.77/20"), six = prefix("fd00::abcd:1/124"), all = prefix("10.4.7.77");

    EXPECT_STR(print(ip_prefix_network(&p)), "10.4.0.0/20");
    EXPECT_STR(print(ip_prefix_network(&six)), "fd00::abcd:0/124");
    EXPECT_STR(print(ip_prefix_network(&all)), "10.4.7.77/32");
    EXPECT_STR(print(ip_prefix_host(&p, 258)), "10.4.1.2/20");
    EXPECT_STR(print(ip_prefix_host(&six, 9)), "fd00::abcd:9/124");
    EXPECT_STR(print(ip_prefix_address(&p)), "10.4.7.77/32");
}

TEST(networks_contain_and_overlap)
{
    struct ip_prefix ten = prefix("10.0.0.0/8"), inner = prefix("10.4.0.2/28"), beside = prefix("11.0.0.0/8"),
                     world = prefix("0.0.0.0/0"), six = prefix("::/0");

    EXPECT_TRUE(ip_prefix_contains(&ten, &inner) && !ip_prefix_contains(&inner, &ten));
    EXPECT_TRUE(ip_prefix_overlaps(&ten, &inner) && ip_prefix_overlaps(&inner, &ten));
    EXPECT_TRUE(!ip_prefix_overlaps(&ten, &beside) && ip_prefix_contains(&world, &beside));
    EXPECT_TRUE(!ip_prefix_contains(&six, &ten) && !ip_prefix_overlaps(&ten, &six));
    EXPECT_TRUE(ip_prefix_equal(&ten, &ten) && !ip_prefix_equal(&ten, &inner));
}

TEST(an_interface_cannot_have_any_address)
{
    static const char *const bad[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"};
    struct ip_prefix good = prefix("fe80::1"), local = prefix("169.254.3.4"), other = prefix("192.168.0.1");

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ip_prefix p = prefix(bad[i]);

        assert_false(ip_address_is_usable(&p));
    }
    EXPECT_TRUE(ip_address_is_usable(&good) && ip_address_is_usable(&other));
    EXPECT_TRUE(ip_address_is_link_local(&good) && ip_address_is_link_local(&local));
    assert_false(ip_address_is_link_local(&other));
}

TESTS(RUN(an_address_prints_as_it_is_written), RUN(what_is_no_address_is_refused_and_nothing_written),
      RUN(a_network_has_no_bits_behind_its_prefix), RUN(networks_contain_and_overlap),
      RUN(an_interface_cannot_have_any_address))
