/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of clients: parsed, and answered with a lease of everything. What we say is checked option by option. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct dhcp_answer *answer)
{
    size_t i = 240;

    assert(answer->size >= 300 && answer->size <= DHCP_REPLY_SIZE);
    while (answer->data[i] != 255) {
        i += 2u + answer->data[i + 1];
        assert(i < answer->size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dhcp_lease leases[] = {
        {
            .address = {AF_INET, 28, {10, 1, 2, 18}},
            .server = {AF_INET, 32, {10, 1, 2, 17}},
            .router = {AF_INET, 32, {10, 1, 2, 17}},
            .dns = {{AF_INET, 32, {10, 1, 2, 17}}, {AF_INET, 32, {1, 1, 1, 1}}, {AF_INET, 32, {8, 8, 8, 8}}},
            .n_dns = 3,
            .host_name = "a-machine-with-a-name-of-sixty-four-characters-which-are-the-most",
            .mtu = 1450,
            .duration_s = 3600,
        },
        {.address = {AF_INET, 32, {10, 1, 2, 18}}, .server = {AF_INET, 32, {10, 1, 2, 17}}},
    };
    struct dhcp_request request;
    struct dhcp_answer answer;
    uint8_t *message = malloc(size + 1);        /* of its own: reads behind its end are seen */

    if (size > 0)
        memcpy(message, data, size);
    if (dhcp_request_parse(message, size, &request) == 0)
        for (size_t i = 0; i < sizeof leases / sizeof *leases; i++) {
            dhcp_answer_make(&request, &leases[i], &answer);
            if (answer.size > 0)
                check_answer(&answer);
        }
    free(message);
    return 0;
}
