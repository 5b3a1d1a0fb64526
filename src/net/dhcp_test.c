/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/dhcp.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/test.h"

enum { SIZE = 548 };

static const struct dhcp_lease lease = {
    .address = {AF_INET, 28, {10, 1, 2, 18}},
    .server = {AF_INET, 32, {10, 1, 2, 17}},
    .router = {AF_INET, 32, {10, 1, 2, 17}},
    .dns = {{AF_INET, 32, {10, 1, 2, 17}}, {AF_INET, 32, {192, 0, 2, 53}}},
    .n_dns = 2,
    .host_name = "web",
    .mtu = 1450,
    .duration_s = 3600,
};

/* A client's message, with OPTIONS behind its type. */
static void message(uint8_t m[SIZE], enum dhcp_type type, const uint8_t *options, size_t n)
{
    static const uint8_t head[] = {1, 1, 6, 0, 0xaa, 0xbb, 0xcc, 0xdd}, cookie[] = {99, 130, 83, 99};

    memset(m, 0, SIZE);
    memcpy(m, head, sizeof head);
    memcpy(m + 28, (const uint8_t[]){2, 1, 2, 3, 4, 5}, 6);
    memcpy(m + 236, cookie, 4);
    m[240] = 53;
    m[241] = 1;
    m[242] = (uint8_t) type;
    if (n > 0)
        memcpy(m + 243, options, n);
    m[243 + n] = 255;
}
#define MESSAGE(m, type, ...) message(m, type, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void answer(const uint8_t m[SIZE], struct dhcp_answer *ret)
{
    struct dhcp_request request;

    assert_int_equal(dhcp_request_parse(m, SIZE, &request), 0);
    dhcp_answer_make(&request, &lease, ret);
}

/* The value of an option, NULL when it is not there. */
static const uint8_t *option(const struct dhcp_answer *a, uint8_t code, size_t *ret_size)
{
    for (size_t i = 240; a->data[i] != 255; i += 2u + a->data[i + 1])
        if (a->data[i] == code) {
            *ret_size = a->data[i + 1];
            return a->data + i + 2;
        }
    return NULL;
}

static bool has(const struct dhcp_answer *a, uint8_t code, const void *value, size_t size)
{
    size_t n;
    const uint8_t *found = option(a, code, &n);

    return found && n == size && memcmp(found, value, size) == 0;
}
#define HAS(a, code, ...) has(a, code, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

TEST(a_client_that_looks_for_servers_is_offered_the_one_address)
{
    uint8_t m[SIZE];
    struct dhcp_answer a;

    MESSAGE(m, DHCP_DISCOVER, 55, 6, 1, 3, 6, 12, 26, 28);
    answer(m, &a);
    EXPECT_TRUE(HAS(&a, 53, DHCP_OFFER) && HAS(&a, 54, 10, 1, 2, 17));
    EXPECT_TRUE(memcmp(a.data + 16, lease.address.byte, 4) == 0 && memcmp(a.data + 4, m + 4, 4) == 0);
    EXPECT_TRUE(HAS(&a, 1, 255, 255, 255, 240) && HAS(&a, 3, 10, 1, 2, 17));
    EXPECT_TRUE(HAS(&a, 6, 10, 1, 2, 17, 192, 0, 2, 53) && HAS(&a, 12, 'w', 'e', 'b') && HAS(&a, 26, 5, 0xaa));
    EXPECT_TRUE(HAS(&a, 28, 10, 1, 2, 31));
    EXPECT_TRUE(HAS(&a, 51, 0, 0, 14, 16) && HAS(&a, 58, 0, 0, 7, 8) && HAS(&a, 59, 0, 0, 12, 78));
    EXPECT_TRUE(!a.to_everybody && ip_address_equal(&a.target, &lease.address) && a.size >= 300);
}

TEST(only_what_was_asked_for_is_said)
{
    uint8_t m[SIZE];
    struct dhcp_answer a;
    size_t n;

    MESSAGE(m, DHCP_DISCOVER, 55, 1, 1);
    answer(m, &a);
    EXPECT_TRUE(option(&a, 1, &n) && !option(&a, 3, &n) && !option(&a, 6, &n) && !option(&a, 12, &n));
    MESSAGE(m, DHCP_DISCOVER, 60, 1, 'x');      /* no list: what everybody needs */
    answer(m, &a);
    EXPECT_TRUE(option(&a, 1, &n) && option(&a, 3, &n) && option(&a, 6, &n) && !option(&a, 121, &n));
}

TEST(a_request_is_granted_or_refused_by_its_address)
{
    uint8_t m[SIZE];
    struct dhcp_answer a;
    size_t n;

    MESSAGE(m, DHCP_REQUEST, 54, 4, 10, 1, 2, 17, 50, 4, 10, 1, 2, 18);
    answer(m, &a);
    EXPECT_TRUE(HAS(&a, 53, DHCP_ACK));
    MESSAGE(m, DHCP_REQUEST, 54, 4, 10, 9, 9, 9, 50, 4, 10, 1, 2, 18);   /* another server was chosen */
    answer(m, &a);
    EXPECT_INT(a.size, 0);
    MESSAGE(m, DHCP_REQUEST, 50, 4, 192, 168, 0, 9);    /* from another network, before */
    answer(m, &a);
    EXPECT_TRUE(HAS(&a, 53, DHCP_NAK) && a.to_everybody && !option(&a, 51, &n));
    EXPECT_TRUE(memcmp(a.data + 16, "\0\0\0\0", 4) == 0);
    MESSAGE(m, DHCP_REQUEST, 60, 1, 'x');       /* once more, from its address */
    memcpy(m + 12, lease.address.byte, 4);
    answer(m, &a);
    EXPECT_TRUE(HAS(&a, 53, DHCP_ACK) && !a.to_everybody && ip_address_equal(&a.target, &lease.address));
}

TEST(one_that_cannot_be_reached_yet_is_answered_by_broadcast)
{
    uint8_t m[SIZE];
    struct dhcp_answer a;

    MESSAGE(m, DHCP_DISCOVER, 60, 1, 'x');
    m[10] = 0x80;
    answer(m, &a);
    EXPECT_TRUE(a.to_everybody && a.data[10] == 0x80);
}

TEST(who_only_wants_to_know_gets_no_lease)
{
    uint8_t m[SIZE];
    struct dhcp_answer a;
    size_t n;

    MESSAGE(m, DHCP_INFORM, 55, 1, 6);
    answer(m, &a);
    EXPECT_INT(a.size, 0);
    memcpy(m + 12, (const uint8_t[]){10, 1, 2, 20}, 4);
    answer(m, &a);
    EXPECT_TRUE(HAS(&a, 53, DHCP_ACK) && !option(&a, 51, &n) && option(&a, 6, &n) && a.target.byte[3] == 20);
    EXPECT_TRUE(memcmp(a.data + 16, "\0\0\0\0", 4) == 0);
}

TEST(nothing_is_said_to_those_who_leave)
{
    uint8_t m[SIZE];
    struct dhcp_answer a;

    MESSAGE(m, DHCP_RELEASE, 60, 1, 'x');
    answer(m, &a);
    EXPECT_INT(a.size, 0);
    MESSAGE(m, DHCP_DECLINE, 50, 4, 10, 1, 2, 18);
    answer(m, &a);
    EXPECT_INT(a.size, 0);
}

TEST(who_is_in_a_hurry_is_granted_at_once)
{
    uint8_t m[SIZE];
    struct dhcp_answer a;
    size_t n;

    MESSAGE(m, DHCP_DISCOVER, 80, 0);
    answer(m, &a);
    EXPECT_TRUE(HAS(&a, 53, DHCP_ACK) && option(&a, 80, &n) && n == 0);
}

TEST(the_default_route_is_among_the_classless_ones)
{
    uint8_t m[SIZE];
    struct dhcp_lease alone = lease;
    struct dhcp_request request;
    struct dhcp_answer a;

    MESSAGE(m, DHCP_DISCOVER, 55, 2, 3, 121);
    answer(m, &a);
    EXPECT_TRUE(HAS(&a, 121, 0, 10, 1, 2, 17));
    alone.address.length = 32;
    EXPECT_INT(dhcp_request_parse(m, SIZE, &request), 0);
    dhcp_answer_make(&request, &alone, &a);
    EXPECT_TRUE(HAS(&a, 121, 32, 10, 1, 2, 17, 0, 0, 0, 0, 0, 10, 1, 2, 17));
}

TEST(what_is_no_message_of_a_client_is_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 2}, {1, 6}, {2, 16}, {24, 10}, {236, 0}, {242, 9}, {242, 0}, {244, 200}};
    uint8_t m[SIZE];
    struct dhcp_request request = {.type = DHCP_NAK};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        MESSAGE(m, DHCP_DISCOVER, 12, 2, 'x', 'y');
        EXPECT_INT(dhcp_request_parse(m, 260, &request), 0);
        m[bad[i].at] = bad[i].value;
        EXPECT_INT(dhcp_request_parse(m, 260, &request), -EBADMSG);
    }
    MESSAGE(m, DHCP_DISCOVER, 12, 2, 'x', 'y');
    EXPECT_INT(dhcp_request_parse(m, 239, &request), -EBADMSG);
}

TEST(options_go_on_in_the_fields_of_names)
{
    uint8_t m[SIZE];
    struct dhcp_request request;

    message(m, DHCP_DISCOVER, (const uint8_t[]){52, 1, 3}, 3);
    memcpy(m + 44, (const uint8_t[]){50, 4, 10, 1, 2, 18, 255}, 7);
    memcpy(m + 108, (const uint8_t[]){54, 4, 10, 1, 2, 17, 255}, 7);
    EXPECT_INT(dhcp_request_parse(m, SIZE, &request), 0);
    EXPECT_TRUE(request.wanted[3] == 18 && request.server[3] == 17);
}

TESTS(RUN(a_client_that_looks_for_servers_is_offered_the_one_address), RUN(only_what_was_asked_for_is_said),
      RUN(a_request_is_granted_or_refused_by_its_address),
      RUN(one_that_cannot_be_reached_yet_is_answered_by_broadcast), RUN(who_only_wants_to_know_gets_no_lease),
      RUN(nothing_is_said_to_those_who_leave), RUN(who_is_in_a_hurry_is_granted_at_once),
      RUN(the_default_route_is_among_the_classless_ones), RUN(what_is_no_message_of_a_client_is_refused),
      RUN(options_go_on_in_the_fields_of_names))
