/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of a guest's, taken for router solicitations, and answered. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/router_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct router_solicitation solicitation;
    struct router_advertisement what = {
        .router = {AF_INET6, 128, {0xfe, 0x80, [15] = 1}},
        .is_default = true,
        .network = {AF_INET6, 64, {0xfd, [15] = 1}},
        .n_dns = ROUTER_DNS_MAX,
        .mtu = 1450,
    };
    uint8_t out[ROUTER_FRAME_SIZE], *frame = malloc(size + 1);

    if (size > 0)
        memcpy(frame, data, size);
    for (unsigned i = 0; i < ROUTER_DNS_MAX; i++)
        what.dns[i] = what.router;
    if (router_solicitation_parse(frame, size, &solicitation) == 0) {
        size_t n = router_advertisement_make(&what, &solicitation, out);

        assert(n <= sizeof out && n > 14 + 40 + 16);
        assert(memcmp(out, frame + 6, 6) == 0 && solicitation.source.family == AF_INET6);
        /* an answer is no question */
        assert(router_solicitation_parse(out, n, &solicitation) < 0);
    }
    free(frame);
    return 0;
}
