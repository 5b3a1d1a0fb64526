/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zones on a /run and a /var/lib of the test's own. */
#include "net/zone_members.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/test.h"

static const struct mac_key key = {{7}};
static const struct ip_prefix host = {AF_INET, 24, {10, 9, 8, 1}};

static void make_host(struct undo **ret, struct error **err_)
{
    if (unshare(CLONE_NEWNS) < 0)
        SKIP_TEST("mounting needs root");
    EXPECT_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    EXPECT_INT(mount("run", "/run", "tmpfs", 0, NULL), 0);
    EXPECT_INT(mount("lib", "/var/lib", "tmpfs", 0, NULL), 0);
    EXPECT_OK(undo_open(-1, NULL, ret, ERR));
}

static int enter(struct undo *undo, const char *machine, const struct ip_prefix *wanted, bool is_fleeting,
                 struct ip_prefix *ret, struct error **err)
{
    const struct zone_entry entry = {.zone = "lan",
                                     .machine = machine,
                                     .host = host,
                                     .wanted = wanted ? *wanted : (struct ip_prefix){0},
                                     .is_fleeting = is_fleeting};

    return zone_members_enter(undo, &entry, &key, ret, err);
}

static int leave(const char *machine, struct error **err)
{
    char *args[] = {(char *) "lan", (char *) machine, NULL};

    return undo_zone_leave(&(struct strings){args, 2}, err);
}

TEST(members_have_addresses_of_their_own_which_last)
{
    CLEANUP(undo_freep) struct undo *undo = NULL;
    struct ip_prefix web, db, again, network;

    make_host(&undo, err_);
    EXPECT_OK(zone_members_network("lan", &network, ERR));
    EXPECT_INT(network.family, 0);
    EXPECT_OK(enter(undo, "web", NULL, false, &web, ERR));
    EXPECT_OK(enter(undo, "db", NULL, false, &db, ERR));
    EXPECT_TRUE(!ip_address_equal(&web, &db) && ip_prefix_contains(&(struct ip_prefix){AF_INET, 24, {10, 9, 8}}, &web));
    EXPECT_TRUE(web.length == 24 && !ip_address_equal(&web, &host) && undo_count(undo) == 2);
    EXPECT_OK(zone_members_network("lan", &network, ERR));
    EXPECT_TRUE(ip_prefix_equal(&network, &host));

    EXPECT_OK(leave("web", ERR));
    EXPECT_OK(leave("web", ERR));
    EXPECT_OK(leave("db", ERR));
    EXPECT_INT(access("/run/redd/zones", F_OK), -1);
    EXPECT_OK(enter(undo, "db", NULL, false, &again, ERR));
    EXPECT_TRUE(ip_prefix_equal(&again, &db));
}

TEST(all_of_a_zone_can_be_used_and_then_it_is_full)
{
    CLEANUP(undo_freep) struct undo *undo = NULL;
    struct ip_prefix address, wanted = {AF_INET, 32, {10, 9, 8, 77}};
    bool seen[256] = {false};
    char name[16];

    make_host(&undo, err_);
    for (int i = 0; i < 253; i++) {
        (void) snprintf(name, sizeof name, "m%d", i);
        EXPECT_OK(enter(undo, name, NULL, false, &address, ERR));
        EXPECT_TRUE(!seen[address.byte[3]] && address.byte[3] > 1 && address.byte[3] < 255);
        seen[address.byte[3]] = true;
    }
    EXPECT_FAIL(enter(undo, "late", NULL, false, &address, ERR), EADDRNOTAVAIL,
                "all addresses of zone 'lan' are in use");
    EXPECT_FAIL(enter(undo, "late", &wanted, false, &address, ERR), EADDRINUSE, "10.9.8.77 is in use");

    /* who is away for longest gives way */
    EXPECT_OK(leave("m7", ERR));
    EXPECT_OK(leave("m3", ERR));
    EXPECT_OK(enter(undo, "late", NULL, false, &address, ERR));
    EXPECT_OK(enter(undo, "m7", NULL, false, &wanted, ERR));
    EXPECT_TRUE(!ip_address_equal(&wanted, &address));
}

TEST(a_wanted_address_is_given_once_and_the_hosts_never)
{
    CLEANUP(undo_freep) struct undo *undo = NULL;
    struct ip_prefix address, wanted = {AF_INET, 32, {10, 9, 8, 77}}, network = {AF_INET, 32, {10, 9, 8, 0}};

    make_host(&undo, err_);
    EXPECT_OK(enter(undo, "web", &wanted, false, &address, ERR));
    EXPECT_TRUE(ip_address_equal(&address, &wanted));
    EXPECT_FAIL(enter(undo, "db", &wanted, false, &address, ERR), EADDRINUSE, "in use in zone 'lan'");
    EXPECT_FAIL(enter(undo, "db", &host, false, &address, ERR), EADDRINUSE, "the host's");
    EXPECT_FAIL(enter(undo, "db", &network, false, &address, ERR), EADDRINUSE, "10.9.8.0");
    EXPECT_OK(enter(undo, "web", &wanted, false, &address, ERR));       /* itself, after a crash */
}

TEST(fleeting_members_are_not_remembered)
{
    CLEANUP(undo_freep) struct undo *undo = NULL;
    auto_free char *memory = NULL;
    struct ip_prefix address;

    make_host(&undo, err_);
    EXPECT_OK(enter(undo, "web-0123456789abcdef", NULL, true, &address, ERR));
    EXPECT_INT(access("/var/lib/redd/zones", F_OK), -1);
    EXPECT_OK(enter(undo, "db", NULL, false, &address, ERR));
    EXPECT_OK(file_read_at(AT_FDCWD, "/var/lib/redd/zones/vz-lan", 4096, &memory, NULL, ERR));
    EXPECT_TRUE(strstr(memory, " db\n") && !strstr(memory, "web"));
}

TEST(files_of_others_making_are_survived)
{
    CLEANUP(undo_freep) struct undo *undo = NULL;
    static const char odd[] = "nonsense\n \n10.9.8.x web\n10.9.8.300 web\n";
    struct ip_prefix address;

    make_host(&undo, err_);
    EXPECT_INT(dir_make_all("/run/redd/zones", 0755) | dir_make_all("/var/lib/redd/zones", 0755), 0);
    EXPECT_OK(file_replace_at(AT_FDCWD, "/run/redd/zones/vz-lan", odd, sizeof odd - 1, 0644, ERR));
    EXPECT_OK(file_replace_at(AT_FDCWD, "/var/lib/redd/zones/vz-lan", odd, sizeof odd - 1, 0644, ERR));
    EXPECT_OK(zone_members_network("lan", &address, ERR));
    EXPECT_INT(address.family, 0);
    EXPECT_OK(enter(undo, "web", NULL, false, &address, ERR));
    EXPECT_OK(leave("web", ERR));
    EXPECT_INT(access("/run/redd/zones/vz-lan", F_OK), -1);
}

TESTS(RUN(members_have_addresses_of_their_own_which_last), RUN(all_of_a_zone_can_be_used_and_then_it_is_full),
      RUN(a_wanted_address_is_given_once_and_the_hosts_never), RUN(fleeting_members_are_not_remembered),
      RUN(files_of_others_making_are_survived))
