/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * router_message: how a container finds its IPv6 router (RFC 4861): its solicitations, and our advertisements.
 *
 * Whole frames, since they go over the cable itself (router_socket.h). What is advertised is what was set from outside
 * already: a client inside comes to the same address, and one without a client keeps it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/ip_prefix.h"
#include "net/mac.h"

enum { ROUTER_DNS_MAX = 6, ROUTER_FRAME_SIZE = 512 };

struct router_solicitation {
    struct mac source_mac;
    struct ip_prefix source;            /* "::" before there is one */
};

struct router_advertisement {
    struct mac router_mac;
    struct ip_prefix router;            /* link-local */
    bool is_default;                    /* the rest of the world is reached by it */
    struct ip_prefix network;           /* family 0: none is advertised */
    struct ip_prefix dns[ROUTER_DNS_MAX];
    unsigned n_dns;
    unsigned mtu;                       /* 0: not said */
};

/* -EBADMSG for all but a whole solicitation. The checksum is not looked at: there is nothing that could go wrong with
 * bytes between two namespaces. */
int router_solicitation_parse(const void *frame, size_t size, struct router_solicitation *ret);

/* The frame that answers TO, or NULL for one to everybody on the cable. Returns its size. */
size_t router_advertisement_make(const struct router_advertisement *what, const struct router_solicitation *to,
                                 uint8_t out[ROUTER_FRAME_SIZE]);
