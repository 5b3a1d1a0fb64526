/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/address_choose.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/test.h"

static const struct mac_key key = {{1, 2, 3}}, other_key = {{1, 2, 4}};

static struct ip_prefix choose(const char *name, unsigned length, const struct host_routes *routes)
{
    auto_error struct error *err = NULL;
    struct ip_prefix network = {0};

    assert_int_equal(address_choose_network(&key, "cable", name, length, routes, &network, &err), 0);
    return network;
}

static struct ip_prefix prefix(const char *text)
{
    struct ip_prefix parsed = {0};

    assert_int_equal(ip_prefix_parse(text, &parsed), 0);
    return parsed;
}

TEST(a_network_depends_on_the_name_and_the_host_alone)
{
    const struct host_routes none = {0};
    struct ip_prefix first = choose("web", 28, &none), again = choose("web", 28, &none), db = choose("db", 28, &none);
    struct ip_prefix elsewhere, ten = prefix("10.0.0.0/8");

    EXPECT_TRUE(ip_prefix_equal(&first, &again) && !ip_prefix_equal(&first, &db));
    EXPECT_TRUE(ip_prefix_contains(&ten, &first) && first.length == 28);
    struct ip_prefix cut = ip_prefix_network(&first);
    EXPECT_TRUE(ip_prefix_equal(&cut, &first));
    EXPECT_OK(address_choose_network(&other_key, "cable", "web", 28, &none, &elsewhere, ERR));
    EXPECT_TRUE(!ip_prefix_equal(&first, &elsewhere));
}

TEST(what_the_host_routes_is_left_alone)
{
    const struct host_routes none = {0};
    struct ip_prefix first = choose("web", 28, &none);
    struct host_route taken[] = {{first, 7}, {prefix("10.0.0.0/8"), 7}, {prefix("172.16.0.0/12"), 7},
                                 {prefix("192.168.0.0/16"), 7}};
    struct ip_prefix two = prefix("172.16.0.0/12"), three = prefix("192.168.0.0/16"), chosen;

    chosen = choose("web", 28, &(struct host_routes){taken, 1, 0});
    EXPECT_TRUE(!ip_prefix_overlaps(&chosen, &first) && chosen.byte[0] == 10);
    chosen = choose("web", 28, &(struct host_routes){taken, 2, 0});
    EXPECT_TRUE(ip_prefix_contains(&two, &chosen));
    chosen = choose("web", 24, &(struct host_routes){taken, 3, 0});
    EXPECT_TRUE(ip_prefix_contains(&three, &chosen) && chosen.length == 24);
    EXPECT_FAIL(address_choose_network(&key, "cable", "web", 28, &(struct host_routes){taken, 4, 0}, &chosen, ERR),
                EADDRNOTAVAIL, "no private IPv4 network is left");
    EXPECT_HINT("--network-address=");
}

TEST(each_place_of_a_zone_is_tried_once)
{
    bool seen[254] = {false};

    for (unsigned n = 0; n < 254; n++) {
        uint32_t place = address_choose_place(&key, "web", n, 254);

        EXPECT_TRUE(place < 254 && !seen[place]);
        seen[place] = true;
    }
}

TEST(unique_local_networks_are_what_they_are_called)
{
    struct ip_prefix web = address_choose_local(&key, "cable", "web"), db = address_choose_local(&key, "cable", "db");

    EXPECT_TRUE(web.byte[0] == 0xfd && web.length == 64 && !ip_prefix_equal(&web, &db));
    struct ip_prefix guest = address_of_mac(&web, (struct mac){{2, 1, 2, 3, 4, 5}});
    EXPECT_TRUE(memcmp(guest.byte + 8, "\0\1\2\xff\xfe\3\4\5", 8) == 0);
}

TESTS(RUN(a_network_depends_on_the_name_and_the_host_alone), RUN(what_the_host_routes_is_left_alone),
      RUN(each_place_of_a_zone_is_tried_once), RUN(unique_local_networks_are_what_they_are_called))
