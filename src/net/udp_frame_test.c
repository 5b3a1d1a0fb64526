/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/udp_frame.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/test.h"
#include "net/link.h"

/* 10.0.0.2:1000 asks 10.0.0.1:53 with "hi". */
static const uint8_t question4[] = {
    2,  0, 0, 0, 0, 1, 2, 0,  0,  0, 0, 2, 8, 0, 0x45, 0, 0, 30, 0, 0,    0, 0, 64,
    17, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1, 3, 0xe8, 0, 53, 0, 10, 0, 0, 'h', 'i'};

TEST(a_datagram_is_found_in_its_frame_and_answered)
{
    static const struct mac router = {{2, 0, 0, 0, 0, 1}};
    struct udp_frame frame;
    uint8_t answer[128];

    EXPECT_INT(udp_frame_parse(question4, sizeof question4, &frame), 0);
    EXPECT_INT(frame.source_port, 1000);
    EXPECT_INT(frame.target_port, 53);
    EXPECT_TRUE(frame.size == 2 && memcmp(frame.data, "hi", 2) == 0);

    size_t n = udp_frame_answer(&frame, router, "hello", 5, answer);
    EXPECT_INT(n, 14 + 20 + 8 + 5);
    EXPECT_INT(memcmp(answer, question4 + 6, 6), 0);
    EXPECT_INT(memcmp(answer + 26, question4 + 30, 4), 0);
    EXPECT_INT(answer[24] << 8 | answer[25], 0x66ca);
    EXPECT_INT(udp_frame_parse(answer, n, &frame), 0);
    EXPECT_INT(frame.target_port, 1000);
}

TEST(what_is_cut_off_is_no_datagram)
{
    struct udp_frame frame;
    uint8_t copy[sizeof question4];

    for (size_t i = 0; i < sizeof question4; i++)
        EXPECT_INT(udp_frame_parse(question4, i, &frame), -EBADMSG);
    memcpy(copy, question4, sizeof copy);
    copy[39] = 11;              /* longer than the packet */
    EXPECT_INT(udp_frame_parse(copy, sizeof copy, &frame), -EBADMSG);
    memcpy(copy, question4, sizeof copy);
    copy[20] = 0x20;            /* a part of one */
    EXPECT_INT(udp_frame_parse(copy, sizeof copy, &frame), -EBADMSG);
}

TEST(a_socket_hears_what_is_for_it_alone)
{
    CLEANUP(netlink_close) struct netlink netlink = {.fd = -1};
    auto_close int netns_fd = -1, in_fd = -1, out_fd = -1;
    struct ip_prefix v4, v6;
    uint8_t got[128];
    int index;

    EXPECT_INT(ip_prefix_parse("10.0.0.1", &v4), 0);
    EXPECT_INT(ip_prefix_parse("fd00::1", &v6), 0);
    if (unshare(CLONE_NEWNET) < 0)
        SKIP_TEST("making network namespaces needs root");
    netns_fd = file_open("/proc/self/ns/net", O_RDONLY);
    EXPECT_OK(netlink_open(&netlink, ERR));
    EXPECT_OK(link_make_veth(&netlink,
                             &(struct veth){.host_name = "a", .host_mac = {{2, 1}}, .container_name = "b",
                                            .container_mac = {{2, 2}}, .netns_fd = netns_fd}, &index, ERR));
    EXPECT_OK(link_set_up(&netlink, index, ERR));
    EXPECT_OK(link_set_up(&netlink, (int) if_nametoindex("b"), ERR));
    EXPECT_OK(udp_frame_open(index, &v4, &v6, 53, &in_fd, ERR));
    EXPECT_OK(udp_frame_open((int) if_nametoindex("b"), &v4, &v6, 53, &out_fd, ERR));

    uint8_t other[sizeof question4];
    memcpy(other, question4, sizeof other);
    other[33] = 9;
    EXPECT_INT(write(out_fd, other, sizeof other), sizeof other);
    memcpy(other, question4, sizeof other);
    other[37] = 54;
    EXPECT_INT(write(out_fd, other, sizeof other), sizeof other);
    EXPECT_INT(write(out_fd, question4, sizeof question4), sizeof question4);
    EXPECT_INT(read(in_fd, got, sizeof got), sizeof question4);
    EXPECT_INT(memcmp(got, question4, sizeof question4), 0);
    EXPECT_INT(read(in_fd, got, sizeof got), -1);
    EXPECT_INT(errno, EAGAIN);
    EXPECT_INT(read(out_fd, got, sizeof got), -1);      /* nor does the sender hear itself */
}

TESTS(RUN(a_datagram_is_found_in_its_frame_and_answered), RUN(what_is_cut_off_is_no_datagram),
      RUN(a_socket_hears_what_is_for_it_alone))
