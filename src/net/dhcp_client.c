/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/dhcp_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net/dhcp_message.h"

/* -- asking -- */

size_t dhcp_question_make(const struct dhcp_question *question, uint8_t *out)
{
    static const uint8_t wanted[] = {OPTION_MASK, OPTION_ROUTER};
    struct dhcp_writer writer;
    /* who has the address says so in the header, who wants it, in an option */
    bool keeps = question->type != DHCP_DISCOVER && (!question->server.family || question->type == DHCP_RELEASE);

    dhcp_message_begin(&writer, out, FROM_CLIENT, &question->client, question->transaction);
    /* until it has the address nobody is there who could be told */
    out[FLAGS] = keeps ? 0 : 0x80;
    dhcp_put_number(&writer, OPTION_TYPE, question->type, 1);
    if (keeps)
        memcpy(out + CLIENT_ADDRESS, question->address.byte, 4);
    else if (question->address.family)
        dhcp_put(&writer, OPTION_WANTED, question->address.byte, 4);
    if (question->server.family)
        dhcp_put(&writer, OPTION_SERVER, question->server.byte, 4);
    if (question->type != DHCP_RELEASE)
        dhcp_put(&writer, OPTION_LIST, wanted, sizeof wanted);
    if (question->host_name)
        dhcp_put(&writer, OPTION_HOST_NAME, question->host_name, strlen(question->host_name));
    return dhcp_message_end(&writer);
}

/* -- being told -- */

static uint32_t number(const uint8_t *data, size_t size)
{
    uint32_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | data[i];
    return value;
}

/* The length of a mask; 0, which is none, for what is not all ones in front of all zeroes. */
static uint8_t mask_length(uint32_t mask)
{
    uint8_t length = 0;

    while (length < 32 && (mask & (0x80000000u >> length)))
        length++;
    return length == 0 || mask != UINT32_MAX << (32 - length) ? 0 : length;
}

static void take_address(struct ip_prefix *ret, const uint8_t *data, size_t size)
{
    if (size < 4 || dhcp_is_zero(data))
        return;
    *ret = (struct ip_prefix){.family = AF_INET, .length = 32};
    memcpy(ret->byte, data, 4);
}

static void take_option(uint8_t code, const uint8_t *data, size_t size, void *result)
{
    struct dhcp_offer *offer = result;

    switch (code) {
    case OPTION_TYPE:
        if (size == 1)
            offer->type = data[0];
        break;
    case OPTION_MASK:
        if (size == 4)
            offer->address.length = mask_length(number(data, 4));
        break;
    case OPTION_ROUTER: /* the first one */
        take_address(&offer->router, data, size);
        break;
    case OPTION_SERVER:
        take_address(&offer->server, data, size);
        break;
    case OPTION_DURATION:
        if (size == 4)
            offer->duration_s = number(data, 4);
        break;
    case OPTION_RENEWAL:
        if (size == 4)
            offer->renewal_s = number(data, 4);
        break;
    default:
        break;
    }
}

int dhcp_offer_parse(const void *data, size_t size, struct dhcp_offer *ret)
{
    const uint8_t *m = data;
    struct dhcp_offer offer = {0};

    if (!dhcp_message_is(data, size, TO_CLIENT) || dhcp_message_each(data, size, take_option, &offer) < 0 ||
        (offer.type != DHCP_OFFER && offer.type != DHCP_ACK && offer.type != DHCP_NAK) || !offer.server.family)
        return -EBADMSG;
    memcpy(offer.transaction, m + TRANSACTION, 4);
    memcpy(offer.client.byte, m + CLIENT_HARDWARE, 6);
    if (offer.type == DHCP_NAK) {
        offer.address = (struct ip_prefix){0};
        *ret = offer;
        return 0;
    }
    /* a host's own, of many, or of nobody: no address for a container */
    if (offer.duration_s == 0 || offer.address.length == 0 || m[YOUR_ADDRESS] == 0 || m[YOUR_ADDRESS] == 127 ||
        m[YOUR_ADDRESS] >= 224)
        return -EBADMSG;
    offer.address.family = AF_INET;
    memcpy(offer.address.byte, m + YOUR_ADDRESS, 4);
    if (offer.renewal_s == 0 || offer.renewal_s >= offer.duration_s)
        offer.renewal_s = offer.duration_s == UINT32_MAX ? UINT32_MAX : offer.duration_s / 2;
    *ret = offer;
    return 0;
}
