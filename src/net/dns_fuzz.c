/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of the domain name system: read as a question, answered in each way, and read as a reply to themselves. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct names_entry entry = {
    .name = "a-machine-with-a-name-of-sixty-four-characters-which-are-the-most",
    .count = 4,
    .address = {{AF_INET, {10, 0, 0, 2}}, {AF_INET6, {0xfd}}, {AF_INET6, {0xfd, 1}}, {AF_INET, {10, 0, 0, 3}}},
};

/* What we say is well-formed, and an answer to what was asked. */
static void check_answer(const uint8_t *message, const struct dns_query *query, const uint8_t *answer, size_t size)
{
    assert(size <= DNS_PLAIN_SIZE && size >= query->size);
    assert(dns_id(answer) == query->id);
    assert(dns_reply_is_to(message, query, answer, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t answer[DNS_PLAIN_SIZE];
    struct names_address address;
    struct dns_query query;
    uint8_t *message = malloc(size + 1);        /* of its own: reads behind its end are seen */

    if (size > 0)
        memcpy(message, data, size);
    if (dns_query_parse(message, size, &query) == 0) {
        assert(query.size <= size && strlen(query.name) < DNS_NAME_SIZE);
        check_answer(message, &query, answer, dns_answer_addresses(message, &query, &entry, answer));
        check_answer(message, &query, answer, dns_answer_name(message, &query, entry.name, answer));
        check_answer(message, &query, answer, dns_answer_status(message, &query, DNS_NO_SUCH_NAME, answer));
        check_answer(message, &query, answer, dns_answer_truncated(message, &query, answer));
        (void) dns_reply_is_to(message, &query, message, size);
        (void) dns_query_is_internet(&query);
        (void) dns_reverse_parse(query.name, &address);
    }
    free(message);
    return 0;
}
