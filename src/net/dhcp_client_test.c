/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/dhcp_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/test.h"
#include "net/dhcp_message.h"

static const struct mac client = {{2, 1, 2, 3, 4, 5}};
static const uint8_t transaction[4] = {0xaa, 0xbb, 0xcc, 0xdd};
static const struct ip_prefix address = {AF_INET, 28, {192, 168, 7, 18}}, server = {AF_INET, 32, {192, 168, 7, 17}};

/* A server's message of TYPE; the caller adds options and ends it. */
static void begin(struct dhcp_writer *writer, uint8_t *m, enum dhcp_type type)
{
    dhcp_message_begin(writer, m, TO_CLIENT, &client, transaction);
    memcpy(m + YOUR_ADDRESS, address.byte, 4);
    dhcp_put_number(writer, OPTION_TYPE, type, 1);
    dhcp_put(writer, OPTION_SERVER, server.byte, 4);
}

static int finish(struct dhcp_writer *writer, struct dhcp_offer *ret)
{
    return dhcp_offer_parse(writer->data, dhcp_message_end(writer), ret);
}

TEST(what_our_own_server_offers_is_understood_and_asked_for)
{
    const struct dhcp_lease lease = {
        .address = address, .server = server, .router = server, .duration_s = 3600, .host_name = "web"};
    struct dhcp_question question = {.type = DHCP_DISCOVER, .client = client, .host_name = "web"};
    uint8_t out[DHCP_QUESTION_SIZE];
    struct dhcp_request request;
    struct dhcp_answer answer;
    struct dhcp_offer offer;

    memcpy(question.transaction, transaction, 4);
    assert_int_equal(dhcp_request_parse(out, dhcp_question_make(&question, out), &request), 0);
    assert_int_equal(request.type, DHCP_DISCOVER);
    assert_true(request.wants_broadcast);
    dhcp_answer_make(&request, &lease, &answer);
    assert_int_equal(dhcp_offer_parse(answer.data, answer.size, &offer), 0);
    assert_int_equal(offer.type, DHCP_OFFER);
    assert_memory_equal(offer.transaction, transaction, 4);
    assert_true(mac_equal(offer.client, client));
    assert_true(ip_address_equal(&offer.address, &address));
    assert_int_equal(offer.address.length, 28);
    assert_true(ip_address_equal(&offer.router, &server));
    assert_int_equal(offer.duration_s, 3600);
    assert_int_equal(offer.renewal_s, 1800);

    question = (struct dhcp_question){
        .type = DHCP_REQUEST, .client = client, .address = offer.address, .server = offer.server};
    assert_int_equal(dhcp_request_parse(out, dhcp_question_make(&question, out), &request), 0);
    dhcp_answer_make(&request, &lease, &answer);
    assert_int_equal(dhcp_offer_parse(answer.data, answer.size, &offer), 0);
    assert_int_equal(offer.type, DHCP_ACK);
}

TEST(what_it_has_it_asks_for_by_its_address)
{
    const struct dhcp_question question = {.type = DHCP_REQUEST, .client = client, .address = address};
    uint8_t out[DHCP_QUESTION_SIZE];
    struct dhcp_request request;

    assert_int_equal(dhcp_request_parse(out, dhcp_question_make(&question, out), &request), 0);
    assert_memory_equal(request.own, address.byte, 4);
    assert_true(dhcp_is_zero(request.wanted));
    assert_true(dhcp_is_zero(request.server));
    assert_false(request.wants_broadcast);
}

TEST(an_offer_without_the_mask_or_the_time_is_none)
{
    uint8_t m[DHCP_REPLY_SIZE];
    struct dhcp_writer writer;
    struct dhcp_offer offer;

    begin(&writer, m, DHCP_OFFER);
    dhcp_put_number(&writer, OPTION_DURATION, 60, 4);
    assert_int_equal(finish(&writer, &offer), -EBADMSG);
    begin(&writer, m, DHCP_OFFER);
    dhcp_put_number(&writer, OPTION_MASK, 0xffffff00, 4);
    assert_int_equal(finish(&writer, &offer), -EBADMSG);
    begin(&writer, m, DHCP_OFFER);
    dhcp_put_number(&writer, OPTION_DURATION, 60, 4);
    dhcp_put_number(&writer, OPTION_MASK, 0xff00ff00, 4);
    assert_int_equal(finish(&writer, &offer), -EBADMSG);
    begin(&writer, m, DHCP_OFFER);
    dhcp_put_number(&writer, OPTION_DURATION, 60, 4);
    dhcp_put_number(&writer, OPTION_MASK, 0xffffffff, 4);
    assert_int_equal(finish(&writer, &offer), 0);
    assert_int_equal(offer.address.length, 32);
}

TEST(addresses_that_are_nobodys_are_not_taken)
{
    static const uint8_t odd[] = {0, 127, 224, 255};

    for (size_t i = 0; i < sizeof odd; i++) {
        uint8_t m[DHCP_REPLY_SIZE];
        struct dhcp_writer writer;
        struct dhcp_offer offer;

        begin(&writer, m, DHCP_ACK);
        m[YOUR_ADDRESS] = odd[i];
        dhcp_put_number(&writer, OPTION_DURATION, 60, 4);
        dhcp_put_number(&writer, OPTION_MASK, 0xffffff00, 4);
        assert_int_equal(finish(&writer, &offer), -EBADMSG);
    }
}

TEST(a_refusal_needs_no_more_than_who_it_is_from)
{
    uint8_t m[DHCP_REPLY_SIZE];
    struct dhcp_writer writer;
    struct dhcp_offer offer;

    begin(&writer, m, DHCP_NAK);
    assert_int_equal(finish(&writer, &offer), 0);
    assert_int_equal(offer.type, DHCP_NAK);
    assert_int_equal(offer.address.family, 0);
    dhcp_message_begin(&writer, m, TO_CLIENT, &client, transaction);
    dhcp_put_number(&writer, OPTION_TYPE, DHCP_NAK, 1);
    assert_int_equal(finish(&writer, &offer), -EBADMSG);
}

TEST(a_time_of_renewal_that_is_too_late_is_not_believed)
{
    uint8_t m[DHCP_REPLY_SIZE];
    struct dhcp_writer writer;
    struct dhcp_offer offer;

    begin(&writer, m, DHCP_ACK);
    dhcp_put_number(&writer, OPTION_DURATION, 60, 4);
    dhcp_put_number(&writer, OPTION_RENEWAL, 100, 4);
    dhcp_put_number(&writer, OPTION_MASK, 0xffffff00, 4);
    assert_int_equal(finish(&writer, &offer), 0);
    assert_int_equal(offer.renewal_s, 30);
    begin(&writer, m, DHCP_ACK);
    dhcp_put_number(&writer, OPTION_DURATION, UINT32_MAX, 4);
    dhcp_put_number(&writer, OPTION_MASK, 0xffffff00, 4);
    assert_int_equal(finish(&writer, &offer), 0);
    assert_true(offer.renewal_s == UINT32_MAX);
}

TESTS(RUN(what_our_own_server_offers_is_understood_and_asked_for), RUN(what_it_has_it_asks_for_by_its_address),
      RUN(an_offer_without_the_mask_or_the_time_is_none), RUN(addresses_that_are_nobodys_are_not_taken),
      RUN(a_refusal_needs_no_more_than_who_it_is_from), RUN(a_time_of_renewal_that_is_too_late_is_not_believed))
