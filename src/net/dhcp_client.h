/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dhcp_client: what a DHCPv4 client says, and what it is told (RFC 2131).
 *
 * Messages only: bytes in, bytes out. When what is asked is the business of runtime/network_lease.c. What comes in is
 * a server's, but nothing says that it is an honest one.
 */
#pragma once

#include "net/dhcp.h"

enum { DHCP_QUESTION_SIZE = DHCP_REPLY_SIZE };

struct dhcp_question {
    enum dhcp_type type; /* DHCP_DISCOVER, or DHCP_REQUEST, or DHCP_RELEASE */
    struct mac client;
    uint8_t transaction[4];
    struct ip_prefix address; /* that is asked for; family 0: any */
    struct ip_prefix server; /* that has offered it; family 0: to keep what it has */
    const char *host_name; /* or NULL */
};

/* Writes it to OUT, of DHCP_QUESTION_SIZE bytes; returns its size. */
size_t dhcp_question_make(const struct dhcp_question *question, uint8_t *out);

struct dhcp_offer {
    enum dhcp_type type; /* DHCP_OFFER, DHCP_ACK, DHCP_NAK */
    uint8_t transaction[4];
    struct mac client;
    struct ip_prefix address; /* with the length of the network; family 0 in a DHCP_NAK */
    struct ip_prefix server;
    struct ip_prefix router; /* family 0: none */
    uint32_t duration_s, renewal_s; /* UINT32_MAX: for ever */
};

/* -EBADMSG for all but a whole message of a server's that a client can do something with. */
int dhcp_offer_parse(const void *data, size_t size, struct dhcp_offer *ret);
