/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dhcp_message: what the messages of DHCPv4 clients and servers have in common: offsets and options, as RFC 2131 and
 * 2132 draw them. What is said by them is in dhcp.h (a server's side) and dhcp_client.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/mac.h"

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

enum { FROM_CLIENT = 1, TO_CLIENT = 2 };

bool dhcp_is_zero(const uint8_t address[4]);

/* -- reading -- */

/* Whether it is a message in DIRECTION about an Ethernet card. */
bool dhcp_message_is(const void *data, size_t size, uint8_t direction);

typedef void dhcp_option_fn(uint8_t code, const uint8_t *data, size_t size, void *result);

/* All options, those in the fields for names included. -EBADMSG: one is cut short. */
int dhcp_message_each(const void *data, size_t size, dhcp_option_fn *take, void *result);

/* -- writing, in DHCP_REPLY_SIZE bytes -- */

struct dhcp_writer {
    uint8_t *data;
    size_t used;
};

void dhcp_message_begin(struct dhcp_writer *writer, uint8_t *data, uint8_t direction, const struct mac *client,
                        const uint8_t transaction[4]);

/* What does not fit is left out; the end always fits. */
void dhcp_put(struct dhcp_writer *writer, uint8_t code, const void *data, size_t size);
void dhcp_put_number(struct dhcp_writer *writer, uint8_t code, uint32_t value, size_t size);
void dhcp_put_flag(struct dhcp_writer *writer, uint8_t code);

/* Returns the size of the whole. */
size_t dhcp_message_end(struct dhcp_writer *writer);
