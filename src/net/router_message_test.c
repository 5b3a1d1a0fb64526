/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/router_message.h"

#include <errno.h>
#include <sys/socket.h>

#include "net/checksum.h"
#include "base/test.h"

enum { ICMP = 14 + 40, SIZE = ICMP + 16 };

static const struct router_advertisement everything = {
    .router_mac = {{2, 9, 9, 9, 9, 1}},
    .router = {AF_INET6, 128, {0xfe, 0x80, [15] = 1}},
    .is_default = true,
    .network = {AF_INET6, 64, {0xfd, 7, [15] = 9}},
    .dns = {{AF_INET6, 128, {0xfd, 7, [15] = 1}}, {AF_INET, 32, {10, 1, 2, 17}}},
    .n_dns = 2,
    .mtu = 1400,
};

/* A solicitation from fe80::2 with its hardware address. */
static void solicitation(uint8_t f[SIZE])
{
    memset(f, 0, SIZE);
    memcpy(f, (const uint8_t[]){0x33, 0x33, 0, 0, 0, 2, 2, 9, 9, 9, 9, 2, 0x86, 0xdd, 0x60}, 15);
    f[14 + 5] = 16;
    f[14 + 6] = 58;
    f[14 + 7] = 255;
    f[14 + 8] = 0xfe;
    f[14 + 9] = 0x80;
    f[14 + 23] = 2;
    f[14 + 24] = 0xff;
    f[14 + 25] = 2;
    f[14 + 39] = 2;
    f[ICMP] = 133;
    f[ICMP + 8] = 1;
    f[ICMP + 9] = 1;
}

static const uint8_t *option(const uint8_t *frame, size_t size, uint8_t code)
{
    for (size_t i = ICMP + 16; i < size; i += 8u * frame[i + 1])
        if (frame[i] == code)
            return frame + i;
    return NULL;
}

TEST(a_solicitation_is_answered_where_it_came_from)
{
    uint8_t f[SIZE], out[ROUTER_FRAME_SIZE];
    struct router_solicitation s;

    solicitation(f);
    EXPECT_INT(router_solicitation_parse(f, SIZE, &s), 0);
    size_t n = router_advertisement_make(&everything, &s, out);

    EXPECT_TRUE(memcmp(out, f + 6, 6) == 0 && memcmp(out + 14 + 24, f + 14 + 8, 16) == 0);
    EXPECT_TRUE(out[ICMP] == 134 && out[14 + 7] == 255 && out[ICMP + 6] == 7 && out[ICMP + 7] == 8);
    EXPECT_TRUE((size_t) out[14 + 4] * 256 + out[14 + 5] == n - ICMP);

    const uint8_t *prefix = option(out, n, 3), *dns = option(out, n, 25);
    EXPECT_TRUE(prefix && prefix[2] == 64 && prefix[3] == 0xc0 && prefix[16] == 0xfd && prefix[31] == 0);
    EXPECT_TRUE(dns && dns[1] == 3 && dns[8] == 0xfd && dns[23] == 1);
    EXPECT_TRUE(memcmp(option(out, n, 1) + 2, everything.router_mac.byte, 6) == 0);
    EXPECT_TRUE(option(out, n, 5)[6] == 1400 / 256);
    EXPECT_INT(checksum_finish(checksum_add(checksum_add((uint32_t) (58 + n - ICMP), out + 14 + 8, 32), out + ICMP,
                                            n - ICMP)),
               0);
}

TEST(who_has_no_address_hears_what_is_for_everybody)
{
    uint8_t f[SIZE], out[ROUTER_FRAME_SIZE];
    struct router_solicitation s;

    solicitation(f);
    memset(f + 14 + 8, 0, 16);
    EXPECT_INT(router_solicitation_parse(f, SIZE, &s), -EBADMSG);       /* yet says where to reach it */
    f[ICMP + 8] = 14;
    EXPECT_INT(router_solicitation_parse(f, SIZE, &s), 0);
    (void) router_advertisement_make(&everything, &s, out);
    EXPECT_TRUE(out[14 + 24] == 0xff && out[14 + 39] == 1 && memcmp(out, f + 6, 6) == 0);
    (void) router_advertisement_make(&everything, NULL, out);
    EXPECT_TRUE(out[0] == 0x33 && out[5] == 1);
}

TEST(who_leads_nowhere_says_so)
{
    struct router_advertisement what = everything;
    uint8_t out[ROUTER_FRAME_SIZE];

    what.is_default = false;
    what.network = (struct ip_prefix){0};
    what.n_dns = 0;
    what.mtu = 0;
    size_t n = router_advertisement_make(&what, NULL, out);
    EXPECT_TRUE(out[ICMP + 6] == 0 && out[ICMP + 7] == 0 && !option(out, n, 3) && !option(out, n, 25));
    EXPECT_INT(n, ICMP + 16 + 8);
}

TEST(what_is_no_solicitation_is_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{13, 0},        {14, 0x45},     {14 + 6, 17},     {14 + 7, 64}, {ICMP, 134}, {ICMP + 1, 1},
               {ICMP + 9, 0},  {ICMP + 9, 2},  {14 + 5, 17},     {14 + 5, 7},  {14 + 5, 13}};
    uint8_t f[SIZE];
    struct router_solicitation s;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        solicitation(f);
        f[bad[i].at] = bad[i].value;
        EXPECT_INT(router_solicitation_parse(f, SIZE, &s), -EBADMSG);
    }
    solicitation(f);
    for (size_t n = 0; n < SIZE; n++)
        EXPECT_INT(router_solicitation_parse(f, n, &s), -EBADMSG);
}

TESTS(RUN(a_solicitation_is_answered_where_it_came_from), RUN(who_has_no_address_hears_what_is_for_everybody),
      RUN(who_leads_nowhere_says_so), RUN(what_is_no_solicitation_is_refused))
