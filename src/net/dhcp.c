/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing by offsets and options, as RFC 2131 and 2132 draw them. */
#include "net/dhcp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Offsets of the fixed part. */
enum {
    OP = 0,
    HARDWARE_TYPE = 1,
    HARDWARE_LENGTH = 2,
    TRANSACTION = 4,
    FLAGS = 10,
    CLIENT_ADDRESS = 12,
    YOUR_ADDRESS = 16,
    RELAY_ADDRESS = 24,
    CLIENT_HARDWARE = 28,
    SERVER_NAME = 44,
    FILE_NAME = 108,
    COOKIE = 236,
    OPTIONS = 240,
};

enum {
    OPTION_PAD = 0,
    OPTION_MASK = 1,
    OPTION_ROUTER = 3,
    OPTION_DNS = 6,
    OPTION_HOST_NAME = 12,
    OPTION_MTU = 26,
    OPTION_BROADCAST = 28,
    OPTION_WANTED = 50,
    OPTION_DURATION = 51,
    OPTION_OVERLOAD = 52,
    OPTION_TYPE = 53,
    OPTION_SERVER = 54,
    OPTION_LIST = 55,
    OPTION_RENEWAL = 58,
    OPTION_REBINDING = 59,
    OPTION_RAPID_COMMIT = 80,
    OPTION_ROUTES = 121,
    OPTION_END = 255,
};

enum { FROM_CLIENT = 1, TO_CLIENT = 2, ETHERNET = 1 };

/* Old clients and relays drop what is shorter (RFC 1542, 2.1). */
enum { REPLY_MIN = 300 };

static const uint8_t cookie[4] = {99, 130, 83, 99};

static bool is_zero(const uint8_t address[4])
{
    return !(address[0] | address[1] | address[2] | address[3]);
}

/* -- reading -- */

static void take_option(struct dhcp_request *request, uint8_t code, const uint8_t *data, size_t size,
                        uint8_t *ret_overload)
{
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
    case OPTION_OVERLOAD:
        if (size == 1)
            *ret_overload = data[0];
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

static int read_options(struct dhcp_request *request, const uint8_t *at, size_t size, uint8_t *ret_overload)
{
    for (size_t i = 0; i < size;) {
        uint8_t code = at[i++];

        if (code == OPTION_PAD)
            continue;
        if (code == OPTION_END)
            return 0;
        if (i == size || at[i] > size - i - 1)
            return -EBADMSG;
        take_option(request, code, at + i + 1, at[i], ret_overload);
        i += 1u + at[i];
    }
    return 0;       /* some leave the end out */
}

int dhcp_request_parse(const void *data, size_t size, struct dhcp_request *ret)
{
    const uint8_t *m = data;
    struct dhcp_request request = {0};
    uint8_t overload = 0, ignored = 0;

    if (size < OPTIONS || m[OP] != FROM_CLIENT || m[HARDWARE_TYPE] != ETHERNET || m[HARDWARE_LENGTH] != 6 ||
        memcmp(m + COOKIE, cookie, sizeof cookie) != 0 || !is_zero(m + RELAY_ADDRESS))
        return -EBADMSG;
    memcpy(request.transaction, m + TRANSACTION, 4);
    memcpy(request.own, m + CLIENT_ADDRESS, 4);
    memcpy(request.client.byte, m + CLIENT_HARDWARE, 6);
    request.wants_broadcast = m[FLAGS] & 0x80;
    if (read_options(&request, m + OPTIONS, size - OPTIONS, &overload) < 0 ||
        ((overload & 1) && read_options(&request, m + FILE_NAME, COOKIE - FILE_NAME, &ignored) < 0) ||
        ((overload & 2) && read_options(&request, m + SERVER_NAME, FILE_NAME - SERVER_NAME, &ignored) < 0))
        return -EBADMSG;
    if (request.type < DHCP_DISCOVER || request.type > DHCP_INFORM)
        return -EBADMSG;
    *ret = request;
    return 0;
}

/* -- writing -- */

struct writer {
    uint8_t *data;
    size_t used;
};

/* What does not fit is left out; the end always fits. */
static void put(struct writer *writer, uint8_t code, const void *data, size_t size)
{
    if (size == 0 || size > UINT8_MAX || writer->used + 2 + size + 1 > DHCP_REPLY_SIZE)
        return;
    writer->data[writer->used++] = code;
    writer->data[writer->used++] = (uint8_t) size;
    memcpy(writer->data + writer->used, data, size);
    writer->used += size;
}

static void put_number(struct writer *writer, uint8_t code, uint32_t value, size_t size)
{
    const uint8_t byte[4] = {(uint8_t) (value >> 24), (uint8_t) (value >> 16), (uint8_t) (value >> 8), (uint8_t) value};

    put(writer, code, byte + 4 - size, size);
}

static bool is_asked_for(const struct dhcp_request *request, uint8_t code)
{
    return !request->has_list || request->list[code / 32] & (1u << (code % 32));
}

/* RFC 3442. Clients that take this take no router beside it, so the default route is in it, and in front of it the
 * way to a router that is in no network of the client's. */
static void put_routes(struct writer *writer, const struct dhcp_lease *lease)
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
    put(writer, OPTION_ROUTES, data, n + 4);
}

static void put_network(struct writer *writer, const struct dhcp_request *request, const struct dhcp_lease *lease)
{
    uint32_t mask = lease->address.length == 0 ? 0 : UINT32_MAX << (32 - lease->address.length);
    uint8_t dns[4 * DHCP_DNS_MAX];

    if (is_asked_for(request, OPTION_MASK))
        put_number(writer, OPTION_MASK, mask, 4);
    if (is_asked_for(request, OPTION_ROUTES) && request->has_list && lease->router.family)
        put_routes(writer, lease);
    if (is_asked_for(request, OPTION_ROUTER) && lease->router.family)
        put(writer, OPTION_ROUTER, lease->router.byte, 4);
    for (unsigned i = 0; i < lease->n_dns; i++)
        memcpy(dns + 4 * (size_t) i, lease->dns[i].byte, 4);
    if (is_asked_for(request, OPTION_DNS))
        put(writer, OPTION_DNS, dns, 4 * (size_t) lease->n_dns);
    if (is_asked_for(request, OPTION_HOST_NAME) && lease->host_name)
        put(writer, OPTION_HOST_NAME, lease->host_name, strlen(lease->host_name));
    if (is_asked_for(request, OPTION_MTU) && lease->mtu)
        put_number(writer, OPTION_MTU, lease->mtu, 2);
    if (request->has_list && is_asked_for(request, OPTION_BROADCAST) && lease->address.length < 31) {
        struct ip_prefix last = ip_prefix_host(&lease->address, ~mask);

        put(writer, OPTION_BROADCAST, last.byte, 4);
    }
}

static void make(const struct dhcp_request *request, const struct dhcp_lease *lease, enum dhcp_type type,
                 struct dhcp_answer *ret)
{
    uint8_t *m = ret->data;
    struct writer writer = {.data = m, .used = OPTIONS};

    memset(m, 0, sizeof ret->data);
    m[OP] = TO_CLIENT;
    m[HARDWARE_TYPE] = ETHERNET;
    m[HARDWARE_LENGTH] = 6;
    memcpy(m + TRANSACTION, request->transaction, 4);
    m[FLAGS] = request->wants_broadcast ? 0x80 : 0;
    memcpy(m + CLIENT_HARDWARE, request->client.byte, 6);
    memcpy(m + COOKIE, cookie, sizeof cookie);
    if (type != DHCP_NAK)
        memcpy(m + CLIENT_ADDRESS, request->own, 4);
    if (type != DHCP_NAK && request->type != DHCP_INFORM)
        memcpy(m + YOUR_ADDRESS, lease->address.byte, 4);

    put_number(&writer, OPTION_TYPE, type, 1);
    put(&writer, OPTION_SERVER, lease->server.byte, 4);
    if (type != DHCP_NAK && request->type != DHCP_INFORM) {
        put_number(&writer, OPTION_DURATION, lease->duration_s, 4);
        put_number(&writer, OPTION_RENEWAL, lease->duration_s / 2, 4);
        put_number(&writer, OPTION_REBINDING, lease->duration_s / 8 * 7, 4);
    }
    if (type == DHCP_ACK && request->type == DHCP_DISCOVER && writer.used + 3 <= DHCP_REPLY_SIZE) {
        m[writer.used++] = OPTION_RAPID_COMMIT;
        m[writer.used++] = 0;
    }
    if (type != DHCP_NAK)
        put_network(&writer, request, lease);
    m[writer.used++] = OPTION_END;
    ret->size = writer.used < REPLY_MIN ? REPLY_MIN : writer.used;
}

/* RFC 2131, 4.1: to the address it has, else to everybody where it wants that or is told to start anew, else to the
 * one it is given. */
static void address(const struct dhcp_request *request, const struct dhcp_lease *lease, enum dhcp_type type,
                    struct dhcp_answer *ret)
{
    ret->target = ip_prefix_address(&lease->address);
    if (type == DHCP_NAK)
        ret->to_everybody = true;
    else if (!is_zero(request->own))
        memcpy(ret->target.byte, request->own, 4);
    else
        ret->to_everybody = request->wants_broadcast;
}

/* What to say to a client that asks for an address: 0 for nothing, as it speaks to another server. */
static enum dhcp_type judge(const struct dhcp_request *request, const struct dhcp_lease *lease)
{
    const uint8_t *wanted = is_zero(request->wanted) ? request->own : request->wanted;

    if (!is_zero(request->server) && memcmp(request->server, lease->server.byte, 4) != 0)
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
        type = is_zero(request->own) ? 0 : DHCP_ACK;
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
