/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/dhcp_message.h"

#include <errno.h>
#include <string.h>

#include "net/dhcp.h"

enum { ETHERNET = 1 };

/* Old clients and relays drop what is shorter (RFC 1542, 2.1). */
enum { MESSAGE_MIN = 300 };

static const uint8_t cookie[4] = {99, 130, 83, 99};

bool dhcp_is_zero(const uint8_t address[4])
{
    return !(address[0] | address[1] | address[2] | address[3]);
}

/* -- reading -- */

bool dhcp_message_is(const void *data, size_t size, uint8_t direction)
{
    const uint8_t *m = data;

    return size >= OPTIONS && m[OP] == direction && m[HARDWARE_TYPE] == ETHERNET && m[HARDWARE_LENGTH] == 6 &&
           memcmp(m + COOKIE, cookie, sizeof cookie) == 0;
}

static int read_options(const uint8_t *at, size_t size, dhcp_option_fn *take, void *result, uint8_t *ret_overload)
{
    for (size_t i = 0; i < size;) {
        uint8_t code = at[i++];

        if (code == OPTION_PAD)
            continue;
        if (code == OPTION_END)
            return 0;
        if (i == size || at[i] > size - i - 1)
            return -EBADMSG;
        if (code == OPTION_OVERLOAD && at[i] == 1)
            *ret_overload = at[i + 1];
        take(code, at + i + 1, at[i], result);
        i += 1u + at[i];
    }
    return 0; /* some leave the end out */
}

int dhcp_message_each(const void *data, size_t size, dhcp_option_fn *take, void *result)
{
    const uint8_t *m = data;
    uint8_t overload = 0, ignored = 0;
    int r = read_options(m + OPTIONS, size - OPTIONS, take, result, &overload);

    if (r == 0 && (overload & 1))
        r = read_options(m + FILE_NAME, COOKIE - FILE_NAME, take, result, &ignored);
    if (r == 0 && (overload & 2))
        r = read_options(m + SERVER_NAME, FILE_NAME - SERVER_NAME, take, result, &ignored);
    return r;
}

/* -- writing -- */

void dhcp_message_begin(struct dhcp_writer *writer, uint8_t *data, uint8_t direction, const struct mac *client,
                        const uint8_t transaction[4])
{
    *writer = (struct dhcp_writer){.data = data, .used = OPTIONS};
    memset(data, 0, DHCP_REPLY_SIZE);
    data[OP] = direction;
    data[HARDWARE_TYPE] = ETHERNET;
    data[HARDWARE_LENGTH] = 6;
    memcpy(data + TRANSACTION, transaction, 4);
    memcpy(data + CLIENT_HARDWARE, client->byte, 6);
    memcpy(data + COOKIE, cookie, sizeof cookie);
}

void dhcp_put(struct dhcp_writer *writer, uint8_t code, const void *data, size_t size)
{
    if (size == 0 || size > UINT8_MAX || writer->used + 2 + size + 1 > DHCP_REPLY_SIZE)
        return;
    writer->data[writer->used++] = code;
    writer->data[writer->used++] = (uint8_t) size;
    memcpy(writer->data + writer->used, data, size);
    writer->used += size;
}

void dhcp_put_number(struct dhcp_writer *writer, uint8_t code, uint32_t value, size_t size)
{
    const uint8_t byte[4] = {(uint8_t) (value >> 24), (uint8_t) (value >> 16), (uint8_t) (value >> 8), (uint8_t) value};

    dhcp_put(writer, code, byte + 4 - size, size);
}

void dhcp_put_flag(struct dhcp_writer *writer, uint8_t code)
{
    if (writer->used + 3 > DHCP_REPLY_SIZE)
        return;
    writer->data[writer->used++] = code;
    writer->data[writer->used++] = 0;
}

size_t dhcp_message_end(struct dhcp_writer *writer)
{
    writer->data[writer->used++] = OPTION_END;
    return writer->used < MESSAGE_MIN ? MESSAGE_MIN : writer->used;
}
