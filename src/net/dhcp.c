/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What clients say is read, what a server says is written. */
#include "net/dhcp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net/dhcp_message.h"

/* -- reading -- */

static void take_option(uint8_t code, const uint8_t *data, size_t size, void *result)
{
    struct dhcp_request *request = result;

    switch (code) {
    case OPTION_TYPE:
        if (size == 1)
            request->type = data[0];
        break;
    case OPTION_WANTED:
        if (size == 4)
            memcpy(request->wanted, data, 4);
        break;
    case OPTION_SERVER:
        if (size == 4)
            memcpy(request->server, data, 4);
        break;
    case OPTION_RAPID_COMMIT:
        request->wants_rapid_commit = true;
        break;
    case OPTION_LIST:
        request->has_list = true;
        for (size_t i = 0; i < size; i++)
            request->list[data[i] / 32] |= 1u << (data[i] % 32);
        break;
    default:
        break;
    }
}

int dhcp_request_parse(const void *data, size_t size, struct dhcp_request *ret)
{
    const uint8_t *m = data;
    struct dhcp_request request = {0};

    if (!dhcp_message_is(data, size, FROM_CLIENT) || !dhcp_is_zero(m + RELAY_ADDRESS))
        return -EBADMSG;
    memcpy(request.transaction, m + TRANSACTION, 4);
    memcpy(request.own, m + CLIENT_ADDRESS, 4);
    memcpy(request.client.byte, m + CLIENT_HARDWARE, 6);
    request.wants_broadcast = m[FLAGS] & 0x80;
    if (dhcp_message_each(data, size, take_option, &request) < 0 || request.type < DHCP_DISCOVER ||
        request.type > DHCP_INFORM)
        return -EBADMSG;
    *ret = request;
    return 0;
}

/* -- writing -- */

static bool is_asked_for(const struct dhcp_request *request, uint8_t code)
{
    return !request->has_list || request->list[code / 32] & (1u << (code % 32));
}

/* RFC 3442. Clients that take this take no router beside it, so the default route is in it, and in front of it the
 * way to a router that is in no network of the client's. */
static void put_routes(struct dhcp_writer *writer, const struct dhcp_lease *lease)
{
    uint8_t data[16] = {0};
    size_t n = 0;

    if (lease->address.length == 32) {
        data[n++] = 32;
        memcpy(data + n, lease->router.byte, 4);
        n += 8;
    }
    data[n++] = 0;
    memcpy(data + n, lease->router.byte, 4);
    dhcp_put(writer, OPTION_ROUTES, data, n + 4);
}

static void put_network(struct dhcp_writer *writer, const struct dhcp_request *request, const struct dhcp_lease *lease)
{
    uint32_t mask = lease->address.length == 0 ? 0 : UINT32_MAX << (32 - lease->address.length);
    uint8_t dns[4 * DHCP_DNS_MAX];

    if (is_asked_for(request, OPTION_MASK))
        dhcp_put_number(writer, OPTION_MASK, mask, 4);
    if (is_asked_for(request, OPTION_ROUTES) && request->has_list && lease->router.family)
        put_routes(writer, lease);
    if (is_asked_for(request, OPTION_ROUTER) && lease->router.family)
        dhcp_put(writer, OPTION_ROUTER, lease->router.byte, 4);
    for (unsigned i = 0; i < lease->n_dns; i++)
        memcpy(dns + 4 * (size_t) i, lease->dns[i].byte, 4);
    if (is_asked_for(request, OPTION_DNS))
        dhcp_put(writer, OPTION_DNS, dns, 4 * (size_t) lease->n_dns);
    if (is_asked_for(request, OPTION_HOST_NAME) && lease->host_name)
        dhcp_put(writer, OPTION_HOST_NAME, lease->host_name, strlen(lease->host_name));
    if (is_asked_for(request, OPTION_MTU) && lease->mtu)
        dhcp_put_number(writer, OPTION_MTU, lease->mtu, 2);
    if (request->has_list && is_asked_for(request, OPTION_BROADCAST) && lease->address.length < 31) {
        struct ip_prefix last = ip_prefix_host(&lease->address, ~mask);

        dhcp_put(writer, OPTION_BROADCAST, last.byte, 4);
    }
}

static void make(const struct dhcp_request *request, const struct dhcp_lease *lease, enum dhcp_type type,
                 struct dhcp_answer *ret)
{
    uint8_t *m = ret->data;
    struct dhcp_writer writer;

    dhcp_message_begin(&writer, m, TO_CLIENT, &request->client, request->transaction);
    m[FLAGS] = request->wants_broadcast ? 0x80 : 0;
    if (type != DHCP_NAK)
        memcpy(m + CLIENT_ADDRESS, request->own, 4);
    if (type != DHCP_NAK && request->type != DHCP_INFORM)
        memcpy(m + YOUR_ADDRESS, lease->address.byte, 4);

    dhcp_put_number(&writer, OPTION_TYPE, type, 1);
    dhcp_put(&writer, OPTION_SERVER, lease->server.byte, 4);
    if (type != DHCP_NAK && request->type != DHCP_INFORM) {
        dhcp_put_number(&writer, OPTION_DURATION, lease->duration_s, 4);
        dhcp_put_number(&writer, OPTION_RENEWAL, lease->duration_s / 2, 4);
        dhcp_put_number(&writer, OPTION_REBINDING, lease->duration_s / 8 * 7, 4);
    }
    if (type == DHCP_ACK && request->type == DHCP_DISCOVER)
        dhcp_put_flag(&writer, OPTION_RAPID_COMMIT);
    if (type != DHCP_NAK)
        put_network(&writer, request, lease);
    ret->size = dhcp_message_end(&writer);
}

/* RFC 2131, 4.1: to the address it has, else to everybody where it wants that or is told to start anew, else to the
 * one it is given. */
static void address(const struct dhcp_request *request, const struct dhcp_lease *lease, enum dhcp_type type,
                    struct dhcp_answer *ret)
{
    ret->target = ip_prefix_address(&lease->address);
    if (type == DHCP_NAK)
        ret->to_everybody = true;
    else if (!dhcp_is_zero(request->own))
        memcpy(ret->target.byte, request->own, 4);
    else
        ret->to_everybody = request->wants_broadcast;
}

/* What to say to a client that asks for an address: 0 for nothing, as it speaks to another server. */
static enum dhcp_type judge(const struct dhcp_request *request, const struct dhcp_lease *lease)
{
    const uint8_t *wanted = dhcp_is_zero(request->wanted) ? request->own : request->wanted;

    if (!dhcp_is_zero(request->server) && memcmp(request->server, lease->server.byte, 4) != 0)
        return 0;
    return memcmp(wanted, lease->address.byte, 4) == 0 ? DHCP_ACK : DHCP_NAK;
}

void dhcp_answer_make(const struct dhcp_request *request, const struct dhcp_lease *lease, struct dhcp_answer *ret)
{
    enum dhcp_type type = 0;

    ret->size = 0;
    ret->to_everybody = false;
    switch (request->type) {
    case DHCP_DISCOVER:
        type = request->wants_rapid_commit ? DHCP_ACK : DHCP_OFFER;
        break;
    case DHCP_REQUEST:
        type = judge(request, lease);
        break;
    case DHCP_INFORM:
        /* without an address of its own there is nobody to answer */
        type = dhcp_is_zero(request->own) ? 0 : DHCP_ACK;
        break;
    case DHCP_DECLINE:      /* nobody else can have it, and nothing would be better */
    case DHCP_RELEASE:
    case DHCP_OFFER:
    case DHCP_ACK:
    case DHCP_NAK:
        break;
    }
    if (!type)
        return;
    make(request, lease, type, ret);
    address(request, lease, type, ret);
}
