/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links, in network namespaces that are the test's own and end with it. */
#include "net/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "base/fd.h"
#include "base/mem.h"
#include "net/leftover.h"
#include "net/zone.h"
#include "base/test.h"

static const struct mac host_mac = {{2, 0, 0, 0, 0, 1}}, container_mac = {{2, 0, 0, 0, 0, 2}};

/* Two namespaces: the process is in the one that plays the host; the other one is *RET_CONTAINER_FD. */
static void make_host(int *ret_container_fd, struct netlink *ret, struct error **err_)
{
    if (unshare(CLONE_NEWNET) < 0)
        SKIP_TEST("making network namespaces needs root");
    *ret_container_fd = file_open("/proc/self/ns/net", O_RDONLY);
    EXPECT_TRUE(*ret_container_fd >= 0);
    EXPECT_INT(unshare(CLONE_NEWNET), 0);
    EXPECT_OK(netlink_open(ret, ERR));
}

static struct veth cable(const char *name, int netns_fd)
{
    return (struct veth){.host_name = name,
                         .host_mac = host_mac,
                         .container_name = "host0",
                         .container_mac = container_mac,
                         .netns_fd = netns_fd};
}

TEST(a_cable_has_one_end_here_and_one_there)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    CLEANUP(netlink_close) struct netlink inside = {.fd = -1};
    auto_close int container_fd = -1;
    struct link link;
    int index;

    make_host(&container_fd, &host, err_);
    const struct veth veth = cable("ve-web", container_fd);
    EXPECT_OK(link_make_veth(&host, &veth, &index, ERR));
    EXPECT_OK(link_find(&host, "ve-web", &link, ERR));
    EXPECT_INT(link.index, index);
    EXPECT_STR(link.kind, "veth");
    EXPECT_TRUE(mac_equal(link.mac, host_mac) && !link.is_up && !link.master);

    EXPECT_OK(netlink_open_in(container_fd, &inside, ERR));
    EXPECT_OK(link_find(&inside, "host0", &link, ERR));
    EXPECT_TRUE(mac_equal(link.mac, container_mac));
    EXPECT_FAIL(link_find(&host, "host0", &link, ERR), ENODEV, "Failed to resolve interface \"host0\": No such device");
    EXPECT_FAIL(link_make_veth(&host, &veth, &index, ERR), EEXIST, "cannot make the interface 've-web'");

    EXPECT_OK(link_delete(&host, index, LINK_ENDS_SOON, ERR));
    EXPECT_OK(link_delete(&host, index, LINK_ENDS_SOON, ERR));
    EXPECT_OK(link_delete(&host, index, LINK_STAYS, ERR));
    EXPECT_FAIL(link_find(&inside, "host0", &link, ERR), ENODEV, "host0");
}

TEST(a_bridge_knows_whether_it_has_ports)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    auto_close int container_fd = -1;
    struct link bridge, port;
    bool has_ports = true;
    int index;

    make_host(&container_fd, &host, err_);
    EXPECT_OK(link_make_bridge(&host, "br0", NULL, ERR));
    EXPECT_OK(link_find(&host, "br0", &bridge, ERR));
    EXPECT_STR(bridge.kind, "bridge");
    EXPECT_OK(link_has_ports(&host, bridge.index, &has_ports, ERR));
    EXPECT_TRUE(!has_ports);

    struct veth veth = cable("vb-web", container_fd);
    veth.bridge = bridge.index;
    EXPECT_OK(link_make_veth(&host, &veth, &index, ERR));
    EXPECT_OK(link_find_index(&host, index, &port, ERR));
    EXPECT_TRUE(port.is_up && port.master == bridge.index);
    EXPECT_OK(link_has_ports(&host, bridge.index, &has_ports, ERR));
    EXPECT_TRUE(has_ports);
}

struct carrier {
    int index;
    bool is_there, was_lost;
};

static void note_carrier(const struct nlmsghdr *message, void *data)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);
    struct carrier *carrier = data;
    bool is_there = info->ifi_flags & IFF_LOWER_UP;

    if (message->nlmsg_type != RTM_NEWLINK || info->ifi_index != carrier->index)
        return;
    carrier->was_lost |= carrier->is_there && !is_there;
    carrier->is_there = is_there;
}

TEST(a_bridge_with_an_address_of_its_own_gets_its_carrier_once)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    auto_close int container_fd = -1;
    const struct mac mac = {{0x02, 0, 0, 0, 0, 1}};
    CLEANUP(netlink_close) struct netlink inside = {.fd = -1};
    CLEANUP(netlink_close) struct netlink monitor = {.fd = -1};
    struct link bridge, port;
    int index;

    make_host(&container_fd, &host, err_);
    EXPECT_OK(netlink_open(&monitor, ERR));
    EXPECT_OK(netlink_listen(&monitor, RTMGRP_LINK, ERR));
    EXPECT_OK(link_make_bridge(&host, "br0", &mac, ERR));
    EXPECT_OK(link_find(&host, "br0", &bridge, ERR));
    EXPECT_TRUE(mac_equal(bridge.mac, mac));
    EXPECT_OK(link_set_up(&host, bridge.index, ERR));

    struct veth veth = cable("vb-web", container_fd);
    veth.is_up = true;
    EXPECT_OK(link_make_veth(&host, &veth, &index, ERR));
    EXPECT_OK(netlink_open_in(container_fd, &inside, ERR));
    EXPECT_OK(link_set_up(&inside, link_index(&inside, "host0"), ERR));
    link_await_operational(&host, index, 10000);
    EXPECT_OK(link_join_bridge(&host, index, bridge.index, ERR));
    /* what the port brings about is told of after this, or has been */
    EXPECT_OK(link_find_index(&host, index, &port, ERR));
    EXPECT_TRUE(port.is_operational && port.master == bridge.index);
    struct carrier carrier = {.index = bridge.index};
    while (poll(&(struct pollfd){.fd = monitor.fd, .events = POLLIN}, 1, 300) > 0)
        EXPECT_OK(netlink_hear(&monitor, note_carrier, &carrier));
    EXPECT_TRUE(carrier.is_there);
    EXPECT_TRUE(!carrier.was_lost);
}

TEST(a_link_moves_with_a_new_name_and_answers_to_a_long_one)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    CLEANUP(netlink_close) struct netlink inside = {.fd = -1};
    auto_close int container_fd = -1;
    struct link link;

    make_host(&container_fd, &host, err_);
    EXPECT_OK(link_make_bridge(&host, "d0", NULL, ERR)); /* bridges may not move: the refusal says what can be done */
    EXPECT_OK(link_find(&host, "d0", &link, ERR));
    EXPECT_FAIL(link_move(&host, &link, container_fd, "d1", ERR), EINVAL, "cannot move the interface 'd0'");
    EXPECT_HINT("iw phy");

    const struct veth veth = cable("d2", container_fd);
    int index;
    EXPECT_OK(link_make_veth(&host, &veth, &index, ERR));
    EXPECT_OK(link_set_up(&host, index, ERR));
    EXPECT_OK(link_add_altname(&host, index, "a-name-of-more-than-fifteen", ERR));
    EXPECT_OK(link_add_altname(&host, index, "short", ERR));
    EXPECT_OK(link_find(&host, "short", &link, ERR));
    EXPECT_STR(link.name, "d2");
    EXPECT_OK(link_move(&host, &link, container_fd, "eth7", ERR));
    EXPECT_OK(netlink_open_in(container_fd, &inside, ERR));
    EXPECT_OK(link_find(&inside, "eth7", &link, ERR));
    EXPECT_TRUE(!link.is_up);
}

TEST(a_link_does_not_move_to_a_name_that_is_taken)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    auto_close int container_fd = -1;
    struct link link;
    int index;

    make_host(&container_fd, &host, err_);
    const struct veth veth = cable("d2", container_fd);
    EXPECT_OK(link_make_veth(&host, &veth, &index, ERR));
    EXPECT_OK(link_find(&host, "d2", &link, ERR));
    EXPECT_FAIL(link_move(&host, &link, container_fd, "host0", ERR), EEXIST, "cannot move the interface 'd2'");
    EXPECT_HINT("'host0' is taken");
}

TEST(a_second_interface_on_a_cable_says_when_the_kernel_has_none)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    CLEANUP(netlink_close) struct netlink inside = {.fd = -1};
    auto_close int container_fd = -1;
    struct link link;
    int index;

    make_host(&container_fd, &host, err_);
    const struct veth veth = cable("d0", container_fd);
    EXPECT_OK(link_make_veth(&host, &veth, &index, ERR));
    EXPECT_OK(netlink_open_in(container_fd, &inside, ERR));

    int r = link_make_macvlan(&host, index, "mv-d0", container_mac, container_fd, ERR);
    if (r == -EOPNOTSUPP)
        EXPECT_HINT("modprobe macvlan");
    else
        EXPECT_OK(link_find(&inside, "mv-d0", &link, ERR));

    r = link_make_ipvlan(&host, index, "iv-d0", container_fd, ERR);
    if (r == -EOPNOTSUPP)
        EXPECT_HINT("--network-macvlan=");
    else if (r != -EBUSY)       /* the parent has a macvlan already */
        EXPECT_OK(link_find(&inside, "iv-d0", &link, ERR));
}

TEST(a_link_of_somebody_else_is_not_deleted)
{
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    auto_close int container_fd = -1;
    char *theirs[] = {(char *) "ve-web", (char *) "02:00:00:00:00:09", NULL};
    char *ours[] = {(char *) "ve-web", (char *) "02:00:00:00:00:01", NULL};
    struct link link;
    int index;

    make_host(&container_fd, &host, err_);
    const struct veth veth = cable("ve-web", container_fd);
    EXPECT_OK(link_make_veth(&host, &veth, &index, ERR));
    EXPECT_OK(undo_link_delete(&(struct strings){theirs, 2}, ERR));
    EXPECT_OK(link_find(&host, "ve-web", &link, ERR));
    EXPECT_OK(undo_link_delete(&(struct strings){ours, 2}, ERR));
    EXPECT_FAIL(link_find(&host, "ve-web", &link, ERR), ENODEV, "ve-web");
    EXPECT_OK(undo_link_delete(&(struct strings){ours, 2}, ERR));
}

TEST(a_zone_that_is_no_bridge_is_refused_and_stays)
{
    const struct mac mac = {{0x02, 0, 0, 0, 0, 1}};
    CLEANUP(netlink_close) struct netlink host = {.fd = -1};
    auto_close int container_fd = -1;
    struct link link;
    int index;

    make_host(&container_fd, &host, err_);
    const struct veth veth = cable("vz-lan", container_fd);
    EXPECT_OK(link_make_veth(&host, &veth, &index, ERR));
    EXPECT_FAIL(zone_open(&host, "vz-lan", mac, &link, ERR), EEXIST, "the interface 'vz-lan' is not a bridge");
    EXPECT_OK(zone_open(&host, "vz-two", mac, &link, ERR));
    int made = link.index;
    EXPECT_OK(zone_open(&host, "vz-two", mac, &link, ERR));
    EXPECT_INT(link.index, made);
}

TESTS(RUN(a_cable_has_one_end_here_and_one_there), RUN(a_bridge_knows_whether_it_has_ports),
      RUN(a_bridge_with_an_address_of_its_own_gets_its_carrier_once),
      RUN(a_link_moves_with_a_new_name_and_answers_to_a_long_one),
      RUN(a_link_does_not_move_to_a_name_that_is_taken),
      RUN(a_second_interface_on_a_cable_says_when_the_kernel_has_none), RUN(a_link_of_somebody_else_is_not_deleted),
      RUN(a_zone_that_is_no_bridge_is_refused_and_stays))
