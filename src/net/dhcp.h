/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dhcp: what a DHCPv4 server says (RFC 2131) that has one client and one address for it.
 *
 * Messages only: bytes in, bytes out. There is no state, since the lease is decided before the client runs; it is the
 * same whatever the client calls itself, and nothing it says changes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/ip_prefix.h"
#include "net/mac.h"

enum { DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68 };
enum { DHCP_REPLY_SIZE = 548 };         /* what every client must take (RFC 2131, 2), without IP and UDP headers */
enum { DHCP_DNS_MAX = 3 };

enum dhcp_type {
    DHCP_DISCOVER = 1,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
    DHCP_RELEASE,
    DHCP_INFORM,
};

/* What matters of a client's message. Addresses of zeroes: not said. */
struct dhcp_request {
    enum dhcp_type type;
    struct mac client;
    uint8_t transaction[4];
    uint8_t own[4];                     /* ciaddr: it answers to this address already */
    uint8_t wanted[4];                  /* option 50 */
    uint8_t server[4];                  /* option 54 */
    bool wants_broadcast;               /* it cannot be reached by an address that it does not have yet */
    bool wants_rapid_commit;            /* RFC 4039 */
    bool has_list;                      /* option 55: what it asks for is in LIST, one bit an option */
    uint32_t list[8];
};

/* What there is for it. Strings may be NULL. */
struct dhcp_lease {
    struct ip_prefix address;           /* with the length of the network */
    struct ip_prefix server;
    struct ip_prefix router;            /* family 0: none */
    struct ip_prefix dns[DHCP_DNS_MAX];
    unsigned n_dns;
    const char *host_name;
    unsigned mtu;                       /* 0: not said */
    uint32_t duration_s;
};

/* What goes back, and where to. */
struct dhcp_answer {
    bool to_everybody;                  /* to 255.255.255.255 and the broadcast address of the link */
    struct ip_prefix target;            /* else to this address, at the client's hardware address */
    size_t size;                        /* 0: nothing is said */
    uint8_t data[DHCP_REPLY_SIZE];
};

/* -EBADMSG for all but a whole message of a client on our own link. */
int dhcp_request_parse(const void *data, size_t size, struct dhcp_request *ret);

void dhcp_answer_make(const struct dhcp_request *request, const struct dhcp_lease *lease, struct dhcp_answer *ret);
