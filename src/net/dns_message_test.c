/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/dns_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/test.h"

/* A question for NAME, given as labels with their lengths. */
static size_t ask(uint8_t *out, const char *labels, unsigned type, bool extended)
{
    size_t length = strlen(labels) + 1;
    static const uint8_t header[] = {0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0};
    static const uint8_t extension[] = {0, 0, DNS_OPT, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};

    memcpy(out, header, sizeof header);
    memcpy(out + 12, labels, length);
    memcpy(out + 12 + length, (uint8_t[]){0, (uint8_t) type, 0, 1}, 4);
    if (!extended)
        return 16 + length;
    out[11] = 1;
    memcpy(out + 16 + length, extension, sizeof extension);
    return 16 + length + sizeof extension;
}

TEST(a_question_is_taken_apart)
{
    struct dns_query query;
    uint8_t message[512];
    size_t size = ask(message, "\3WeB\3lan", DNS_AAAA, true);

    EXPECT_INT(dns_query_parse(message, size, &query), 0);
    EXPECT_STR(query.name, "web.lan");
    EXPECT_INT(query.type, DNS_AAAA);
    EXPECT_INT(query.room, 1232);
    EXPECT_TRUE(query.has_extension && dns_query_is_internet(&query));

    size = ask(message, "\3web", DNS_A, false);
    EXPECT_INT(dns_query_parse(message, size, &query), 0);
    EXPECT_INT(query.room, 512);
    EXPECT_TRUE(!query.has_extension);
}

TEST(what_is_no_question_is_not_answered)
{
    struct dns_query query;
    uint8_t message[512];
    size_t size = ask(message, "\3web", DNS_A, false);

    for (size_t i = 0; i < size; i++)
        EXPECT_INT(dns_query_parse(message, i, &query), -EBADMSG);
    message[2] |= 0x80;         /* an answer: two forwarders must not talk for ever */
    EXPECT_INT(dns_query_parse(message, size, &query), -EBADMSG);
    size = ask(message, "\300\14b", DNS_A, false);
    EXPECT_INT(dns_query_parse(message, size, &query), -EBADMSG);
    size = ask(message, "\3web", DNS_A, false);
    message[5] = 2;
    EXPECT_INT(dns_query_parse(message, size, &query), -EBADMSG);
}

TEST(names_that_are_no_hosts_are_sent_on_but_not_looked_up)
{
    struct dns_query query;
    uint8_t message[512];
    size_t size = ask(message, "\3a.b\1/", DNS_A, false);

    EXPECT_INT(dns_query_parse(message, size, &query), 0);
    EXPECT_STR(query.name, "");
}

TEST(an_answer_has_the_addresses_that_are_asked_for)
{
    const struct names_entry entry = {
        .name = "web", .count = 2, .address = {{AF_INET, {10, 1, 2, 3}}, {AF_INET6, {0xfd, [15] = 3}}}};
    struct dns_query query;
    uint8_t message[512], answer[512];
    size_t size = ask(message, "\3web", DNS_A, true);

    EXPECT_INT(dns_query_parse(message, size, &query), 0);
    size_t n = dns_answer_addresses(message, &query, &entry, answer);
    EXPECT_INT(n, query.size + 16 + 11);
    EXPECT_INT(answer[7], 1);
    EXPECT_INT(answer[11], 1);
    EXPECT_INT(memcmp(answer + n - 15, (uint8_t[]){10, 1, 2, 3}, 4), 0);
    EXPECT_TRUE(dns_reply_is_to(message, &query, answer, n));

    size = ask(message, "\3web", DNS_ANY, false);
    EXPECT_INT(dns_query_parse(message, size, &query), 0);
    EXPECT_INT(dns_answer_addresses(message, &query, &entry, answer), query.size + 16 + 28);
    size = ask(message, "\3web", 15, false);
    EXPECT_INT(dns_query_parse(message, size, &query), 0);
    EXPECT_INT(dns_answer_addresses(message, &query, &entry, answer), query.size);
}

TEST(a_reply_to_something_else_is_none)
{
    struct dns_query query, other;
    uint8_t message[512], elsewhere[512], answer[512];
    size_t size = ask(message, "\3web", DNS_A, false);

    EXPECT_INT(dns_query_parse(message, size, &query), 0);
    EXPECT_TRUE(!dns_reply_is_to(message, &query, message, size));      /* our own words come back */
    size = ask(elsewhere, "\3wab", DNS_A, false);
    EXPECT_INT(dns_query_parse(elsewhere, size, &other), 0);
    size_t n = dns_answer_status(elsewhere, &other, DNS_NO_SUCH_NAME, answer);
    EXPECT_TRUE(dns_reply_is_to(elsewhere, &other, answer, n));
    EXPECT_TRUE(!dns_reply_is_to(message, &query, answer, n));
    EXPECT_TRUE(!dns_reply_is_to(elsewhere, &other, answer, 11));
}

TEST(reverse_names_are_addresses)
{
    struct names_address address;

    EXPECT_TRUE(dns_reverse_parse("3.2.1.10.in-addr.arpa", &address));
    EXPECT_INT(memcmp(address.byte, (uint8_t[]){10, 1, 2, 3}, 4), 0);
    EXPECT_TRUE(
        dns_reverse_parse("3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.d.f.ip6.arpa", &address));
    EXPECT_INT(address.family, AF_INET6);
    EXPECT_TRUE(address.byte[0] == 0xfd && address.byte[1] == 0x01 && address.byte[15] == 3);
    EXPECT_TRUE(!dns_reverse_parse("3.2.1.in-addr.arpa", &address));
    EXPECT_TRUE(!dns_reverse_parse("300.2.1.10.in-addr.arpa", &address));
    EXPECT_TRUE(!dns_reverse_parse("3.2.1.10.in-addr.arpa.example", &address));
    EXPECT_TRUE(!dns_reverse_parse("", &address));
}

TESTS(RUN(a_question_is_taken_apart), RUN(what_is_no_question_is_not_answered),
      RUN(names_that_are_no_hosts_are_sent_on_but_not_looked_up), RUN(an_answer_has_the_addresses_that_are_asked_for),
      RUN(a_reply_to_something_else_is_none), RUN(reverse_names_are_addresses))
