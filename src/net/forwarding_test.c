/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Switches of a network namespace of the test's own, and a ledger on a /run of its own. */
#include "net/forwarding.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/link.h"
#include "net/zone.h"
#include "base/test.h"

/* A host with an uplink "up0" that has an address. */
static void make_host(struct netlink *ret, struct error **err_)
{
    const struct ip_prefix address = {AF_INET, 24, {192, 0, 2, 1}};
    struct netlink_batch batch;
    struct netlink_remark remark;
    struct link link;

    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
        SKIP_TEST("making network namespaces needs root");
    EXPECT_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    EXPECT_INT(mount("run", "/run", "tmpfs", 0, NULL), 0);
    EXPECT_OK(netlink_open(ret, ERR));
    EXPECT_OK(link_make_bridge(ret, "up0", NULL, ERR));
    EXPECT_OK(link_find(ret, "up0", &link, ERR));
    netlink_batch_init(&batch);
    address_put_link(&batch, &(struct link_setup){.index = link.index});
    address_put(&batch, link.index, &address, 0);
    EXPECT_INT(netlink_talk(ret, &batch, NULL, NULL, &remark), 0);
}

static int forwards(void)
{
    auto_free char *text = NULL;

    return file_read_quiet(AT_FDCWD, "/proc/sys/net/ipv4/conf/up0/forwarding", 16, &text) == 0 ? atoi(text) : -1;
}

static int hold(struct netlink *netlink, const char *machine, struct error **err)
{
    CLEANUP(zone_lock_done) struct zone_lock lock = {.fd = -1};

    return zone_lock_take(&lock, err) < 0 ? -1 : forwarding_hold(netlink, machine, true, err);
}

static int release(const char *machine, struct error **err)
{
    char *args[] = {(char *) machine, NULL};

    return undo_forwarding_release(&(struct strings){args, 1}, err);
}

TEST(the_last_machine_turns_off_what_the_first_has_turned_on)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};

    make_host(&host, err_);
    (void) file_write_existing(AT_FDCWD, "/proc/sys/net/ipv4/conf/up0/forwarding", "0");
    EXPECT_OK(hold(&host, "web", ERR));
    EXPECT_INT(forwards(), 1);
    EXPECT_OK(hold(&host, "web", ERR));
    EXPECT_OK(hold(&host, "db", ERR));
    EXPECT_OK(release("web", ERR));
    EXPECT_INT(forwards(), 1);
    EXPECT_OK(release("web", ERR));
    EXPECT_INT(forwards(), 1);
    EXPECT_OK(release("db", ERR));
    EXPECT_INT(forwards(), 0);
    EXPECT_INT(access("/run/redd/forwarding", F_OK), -1);
    EXPECT_OK(release("db", ERR));
}

TEST(what_was_on_stays_on_and_what_others_turned_off_stays_off)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};

    make_host(&host, err_);
    EXPECT_INT(file_write_existing(AT_FDCWD, "/proc/sys/net/ipv4/conf/up0/forwarding", "1"), 0);
    EXPECT_OK(hold(&host, "web", ERR));
    EXPECT_OK(release("web", ERR));
    EXPECT_INT(forwards(), 1);
}

TEST(a_machine_that_comes_after_a_crash_finds_what_was_before)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};

    make_host(&host, err_);
    EXPECT_INT(file_write_existing(AT_FDCWD, "/proc/sys/net/ipv4/conf/up0/forwarding", "0"), 0);
    EXPECT_OK(hold(&host, "killed", ERR));
    /* in the middle of its release: the switch is off, the line still there */
    EXPECT_INT(file_write_existing(AT_FDCWD, "/proc/sys/net/ipv4/conf/up0/forwarding", "0"), 0);
    EXPECT_OK(hold(&host, "web", ERR));
    EXPECT_INT(forwards(), 1);
    EXPECT_OK(release("killed", ERR));
    EXPECT_INT(forwards(), 1);
    EXPECT_OK(release("web", ERR));
    EXPECT_INT(forwards(), 0);
}

TEST(a_ledger_that_is_no_ledger_harms_nobody)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    static const char odd[] = "\n1 2\nx y z w\n0 1 ../../kernel/panic web\n0 1 ipv4/conf/nosuch/forwarding web\n";

    make_host(&host, err_);
    EXPECT_INT(dir_make_all("/run/redd", 0755), 0);
    EXPECT_OK(file_replace_at(AT_FDCWD, "/run/redd/forwarding", odd, sizeof odd - 1, 0644, ERR));
    EXPECT_OK(hold(&host, "db", ERR));
    EXPECT_OK(release("web", ERR));
    EXPECT_OK(release("db", ERR));
    EXPECT_INT(access("/run/redd/forwarding", F_OK), -1);
}

TESTS(RUN(the_last_machine_turns_off_what_the_first_has_turned_on),
      RUN(what_was_on_stays_on_and_what_others_turned_off_stays_off),
      RUN(a_machine_that_comes_after_a_crash_finds_what_was_before), RUN(a_ledger_that_is_no_ledger_harms_nobody))
