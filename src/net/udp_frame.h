/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * udp_frame: UDP on a cable itself, below addresses, routes and packet filters.
 *
 * The supervisor hears its own guest on the guest's own cable, before a bridge or a filter of the host's has a say, and
 * hears nobody else; what it answers goes to that guest and nowhere else, whatever sender the guest claims to be.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/ip_prefix.h"
#include "net/mac.h"

enum { UDP_FRAME_HEADERS = 14 + 40 + 8 };

/* Of a frame that came. */
struct udp_frame {
    struct mac source_mac, target_mac;
    struct ip_prefix source, target;    /* addresses alone */
    uint16_t source_port, target_port;
    const uint8_t *data;                /* in the frame */
    size_t size;
};

/* A socket that gets what comes from the guest on LINK_INDEX for PORT of one of these addresses; family 0: none.
 * It does not block. */
int udp_frame_open(int link_index, const struct ip_prefix *address4, const struct ip_prefix *address6, uint16_t port,
                   int *ret_fd, struct error **err);

/* -EBADMSG for all but a whole UDP datagram. Checksums are not looked at: on a cable between two namespaces they are
 * not filled in. */
int udp_frame_parse(const void *frame, size_t size, struct udp_frame *ret);

/* Makes the frame that answers TO, from SOURCE_MAC, with SIZE bytes of DATA, in OUT of SIZE + UDP_FRAME_HEADERS bytes.
 * Returns its size. */
size_t udp_frame_answer(const struct udp_frame *to, struct mac source_mac, const void *data, size_t size,
                        uint8_t *out);
