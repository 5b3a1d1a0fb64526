/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * name_question: what the parts of the name server share: one question, who asked it, and where it goes from here.
 * For name_server.c, name_forward.c and name_stream.c only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "config/ip_prefix.h"
#include "net/dns_message.h"
#include "net/mac.h"
#include "net/udp_frame.h"
#include "net/upstream.h"
#include "runtime/event.h"

enum { NAME_QUESTION_SIZE = 1500, NAME_REPLY_SIZE = 4096 };
enum { NAME_FORWARDS_MAX = 32, NAME_STREAMS_MAX = 16 };

/* To whom an answer by datagram goes. */
struct name_asker {
    bool on_cable;
    struct udp_frame frame;     /* on the cable: what it came in, without its data */
    int fd;                     /* of a socket: that, and the address behind */
    struct sockaddr_storage address;
    socklen_t address_size;
};

struct name_server {
    struct events *events;
    struct ip_prefix host4, host6;
    struct mac router_mac;
    struct upstreams upstreams;
    struct event_source cable;
    struct event_source datagrams[2], listeners[2];
    struct name_forward *forward[NAME_FORWARDS_MAX];    /* NULL: free */
    struct name_stream *stream[NAME_STREAMS_MAX];
};

/* name_server.c */
/* The answer, when it is ours to give, into OUT of DNS_PLAIN_SIZE bytes; 0: others have to be asked. */
size_t name_answer(struct name_server *server, const uint8_t *message, const struct dns_query *query, uint8_t *out);
void name_send(struct name_server *server, const struct name_asker *asker, const uint8_t *answer, size_t size);
bool name_is_member(const struct name_server *server, const struct ip_prefix *address);
/* The Nth of the host's servers; NULL behind the last. */
const struct upstream *name_upstream(const struct name_server *server, unsigned n);

/* name_forward.c */
/* Sends the question on; the answer goes to ASKER in time. Nothing is said when there are too many already: who asks
 * asks again. */
void name_forward(struct name_server *server, const struct name_asker *asker, const uint8_t *message, size_t size,
                  const struct dns_query *query);
void name_forwards_stop(struct name_server *server);

/* name_stream.c */
/* A listening socket has connections. */
void name_streams_accept(struct event_source *source, short revents, int64_t now_ms);
void name_streams_stop(struct name_server *server);
