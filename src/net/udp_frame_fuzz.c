/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of a guest's: parsed, answered with what they bring, and the answer parsed in turn. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "net/udp_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct udp_frame frame, back;
    uint8_t *copy = malloc(size + 1), *answer = malloc(size + UDP_FRAME_HEADERS);

    if (size > 0)
        memcpy(copy, data, size);
    if (udp_frame_parse(copy, size, &frame) == 0) {
        assert(frame.data >= copy && frame.data + frame.size <= copy + size);

        size_t n = udp_frame_answer(&frame, frame.target_mac, frame.data, frame.size, answer);
        assert(udp_frame_parse(answer, n, &back) == 0);
        assert(back.size == frame.size && memcmp(back.data, frame.data, frame.size) == 0);
        assert(back.source_port == frame.target_port && ip_address_equal(&back.target, &frame.source));
    }
    free(copy);
    free(answer);
    return 0;
}
