/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dns_message: questions and answers of the domain name system (RFC 1035, 6891), as far as a small forwarder needs
 * them.
 *
 * A question is taken apart once; from then on its bytes are kept and either answered from here or sent on as they are.
 * All of it comes from guests and from servers that may be anybody's: nothing is believed, nothing is allocated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/names.h"

enum { DNS_HEADER_SIZE = 12, DNS_NAME_SIZE = 256, DNS_PLAIN_SIZE = 512, DNS_PORT = 53 };
enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255 };
enum dns_status { DNS_NO_ERROR = 0, DNS_SERVER_FAILED = 2, DNS_NO_SUCH_NAME = 3, DNS_REFUSED = 5 };

struct dns_query {
    uint16_t id, flags;
    uint16_t type, class;
    char name[DNS_NAME_SIZE];   /* lower case, without the dot at its end; "" where it is no host's */
    size_t size;                /* header and question */
    uint16_t room;              /* for an answer in one datagram */
    bool has_extension;         /* EDNS: the answer is to have it, too */
};

/* -EBADMSG: nothing that has to be answered. */
int dns_query_parse(const uint8_t *message, size_t size, struct dns_query *ret);

/* Whether the question is one about names of the Internet, as all that we can answer are. */
bool dns_query_is_internet(const struct dns_query *query);

/* Answers to QUERY, whose bytes are MESSAGE, into OUT of DNS_PLAIN_SIZE bytes; they return its size. Addresses that
 * QUERY does not ask for, or that have no room, are left out. */
size_t dns_answer_addresses(const uint8_t *message, const struct dns_query *query, const struct names_entry *entry,
                            uint8_t *out);
size_t dns_answer_name(const uint8_t *message, const struct dns_query *query, const char *name, uint8_t *out);
size_t dns_answer_status(const uint8_t *message, const struct dns_query *query, enum dns_status status, uint8_t *out);
/* That the whole one did not fit: to be asked for by TCP. */
size_t dns_answer_truncated(const uint8_t *message, const struct dns_query *query, uint8_t *out);

/* Whether REPLY is a server's to the question in MESSAGE, whatever their numbers. */
bool dns_reply_is_to(const uint8_t *message, const struct dns_query *query, const uint8_t *reply, size_t size);

/* The first two bytes of a message. */
uint16_t dns_id(const uint8_t *message);
void dns_set_id(uint8_t *message, uint16_t id);

/* "3.2.1.10.in-addr.arpa" and its like in ip6.arpa. */
bool dns_reverse_parse(const char *name, struct names_address *ret);
