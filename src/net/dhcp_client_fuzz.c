/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of servers: what is made of them holds together, and can be asked for again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/dhcp_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct dhcp_offer *offer)
{
    uint8_t out[DHCP_QUESTION_SIZE];
    struct dhcp_request request;
    const struct dhcp_question question = {
        .type = DHCP_REQUEST, .client = offer->client, .address = offer->address, .server = offer->server};

    assert(offer->server.family == AF_INET);
    if (offer->type == DHCP_NAK)
        return;
    assert(offer->address.length >= 1 && offer->address.length <= 32 && offer->duration_s > 0);
    assert(offer->renewal_s < offer->duration_s || offer->renewal_s == UINT32_MAX || offer->duration_s == 1);
    assert(dhcp_request_parse(out, dhcp_question_make(&question, out), &request) == 0);
    assert(memcmp(request.wanted, offer->address.byte, 4) == 0 && memcmp(request.server, offer->server.byte, 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dhcp_offer offer;
    uint8_t *message = malloc(size + 1); /* of its own: reads behind its end are seen */

    if (size > 0)
        memcpy(message, data, size);
    if (dhcp_offer_parse(message, size, &offer) == 0)
        check(&offer);
    free(message);
    return 0;
}
