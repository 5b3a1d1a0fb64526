/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/networkd.h"

#include "base/mem.h"
#include "base/test.h"

static const struct networkd_link cable = {.name = "ve-web", .kind = "veth", .mac = {{2, 0, 0, 0, 0, 1}}};

static void expect(const char *text, enum networkd_match match)
{
    if (networkd_file_read(text, &cable).match != match)
        fail_msg("%s\n is not %d", text, match);
}

TEST(a_file_matches_by_all_of_its_lines)
{
    expect("[Match]\nKind=veth\nName=ve-*\n\n[Network]\nAddress=0.0.0.0/28\n", NETWORKD_MATCHES);
    expect("[Match]\nKind=bridge\nName=ve-*\n", NETWORKD_OTHER);
    expect("[Match]\nDriver=veth\nName=vb-*\n", NETWORKD_OTHER);
    expect("[Match]\nType=ether\n", NETWORKD_MATCHES);
    expect("[Match]\nMACAddress=02:00:00:00:00:09 02:00:00:00:00:01\n", NETWORKD_MATCHES);
    expect("[Match]\nPath=pci-*\nName=ve-*\n", NETWORKD_OTHER);
    expect("[Network]\nDHCP=yes\n", NETWORKD_OTHER);
}

TEST(names_are_patterns)
{
    expect("[Match]\nName=eth0 ve-w?b\n", NETWORKD_MATCHES);
    expect("[Match]\nName=!eth* ve-*\n", NETWORKD_OTHER);
    expect("[Match]\nName=!eth*\n", NETWORKD_MATCHES);
    expect("[Match]\nName=ve-[a-w]*\n", NETWORKD_MATCHES);
    expect("[Match]\nName=ve-[!a-w]*\n", NETWORKD_OTHER);
    expect("[Match]\nName=*\n", NETWORKD_MATCHES);
    expect("[Match]\nName=ve-web?\n", NETWORKD_OTHER);
    expect("[Match]\nName=ve-[\n", NETWORKD_OTHER);
}

TEST(a_file_can_say_that_nobody_manages_it)
{
    expect("# comment\n[Match]\n; another\nName = ve-*\n[Link]\nUnmanaged=yes\n", NETWORKD_UNMANAGED);
    expect("[Match]\nName=ve-*\n[Link]\nUnmanaged=no\n", NETWORKD_MATCHES);
}

#define CABLES "[Match]\nName=ve-*\n[Network]\nAddress=0.0.0.0/28\nDHCPServer=yes\n"

static struct networkd_file read_cables(const char *more)
{
    auto_free char *text = mem_format(CABLES "%s", more);

    return networkd_file_read(text, &cable);
}

TEST(a_file_says_who_is_served)
{
    assert_true(read_cables("").serves_dhcp);
    assert_false(read_cables("DHCPServer=no\n").serves_dhcp);
    assert_false(networkd_file_read("[Match]\nName=ve-*\n", &cable).serves_dhcp);
    assert_false(networkd_file_read("[Match]\nName=ve-*\n[Other]\nDHCPServer=yes\n", &cable).serves_dhcp);
}

TEST(a_file_that_gives_ipv6_is_told_from_one_that_leaves_it)
{
    assert_true(read_cables("").leaves_ipv6);
    assert_true(read_cables("LinkLocalAddressing=yes\nIPv6SendRA=yes\n").leaves_ipv6);
    assert_true(read_cables("LinkLocalAddressing=ipv6\n").leaves_ipv6);
    assert_false(read_cables("LinkLocalAddressing=ipv4\n").leaves_ipv6);
    assert_false(read_cables("LinkLocalAddressing=no\n").leaves_ipv6);
    assert_false(read_cables("Address=fd00::1/64\n").leaves_ipv6);
    assert_false(read_cables("[Address]\nAddress=fd00::1/64\n").leaves_ipv6);
    assert_false(read_cables("[IPv6Prefix]\nPrefix=fd00::/64\n").leaves_ipv6);
    assert_false(read_cables("DHCPPrefixDelegation=yes\n").leaves_ipv6);
}

TESTS(RUN(a_file_matches_by_all_of_its_lines), RUN(names_are_patterns), RUN(a_file_can_say_that_nobody_manages_it),
      RUN(a_file_says_who_is_served), RUN(a_file_that_gives_ipv6_is_told_from_one_that_leaves_it))
