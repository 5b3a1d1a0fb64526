/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions on their way to the host's servers. Each has a socket of its own, connected to the server it asks, with a
 * port and a number drawn at random, so that nobody else can answer it; it is over with the answer or with its time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "runtime/name_question.h"

enum { TRY_MS = 1500, TRIES_MAX = 4 };

struct name_forward {
    struct name_server *server;
    struct event_source source; /* the socket of this try */
    struct name_asker asker;
    struct dns_query query;
    unsigned n_tries;
    uint16_t id;                /* of this try */
    size_t size;
    uint8_t message[];
};

static void finish(struct name_forward *forward)
{
    struct name_server *server = forward->server;

    events_remove(server->events, &forward->source);
    fd_closep(&forward->source.fd);
    for (size_t i = 0; i < NAME_FORWARDS_MAX; i++)
        if (server->forward[i] == forward)
            server->forward[i] = NULL;
    free(forward);
}

static void give_up(struct name_forward *forward)
{
    uint8_t answer[DNS_PLAIN_SIZE];
    size_t n = dns_answer_status(forward->message, &forward->query, DNS_SERVER_FAILED, answer);

    name_send(forward->server, &forward->asker, answer, n);
    finish(forward);
}

/* Asks the server of this try. */
static int ask(struct name_forward *forward, const struct upstream *upstream)
{
    auto_close int fd = socket(upstream->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (getrandom(&forward->id, sizeof forward->id, 0) != (ssize_t) sizeof forward->id)
        return -EIO;
    dns_set_id(forward->message, forward->id);
    forward->id = dns_id(forward->message);
    if (fd < 0 || connect(fd, (const struct sockaddr *) &upstream->address, upstream->size) < 0 ||
        send(fd, forward->message, forward->size, MSG_NOSIGNAL) < 0)
        return -errno;
    forward->source.fd = take_fd(&fd);
    return 0;
}

/* The next server. Behind the last comes the first again where it was waited for in vain: a datagram may be lost. */
static void ask_next(struct name_forward *forward, bool in_vain, int64_t now_ms)
{
    fd_closep(&forward->source.fd);
    while (forward->n_tries < TRIES_MAX) {
        const struct upstream *upstream = name_upstream(forward->server, forward->n_tries);

        if (!upstream && in_vain)
            upstream = name_upstream(forward->server, 0);
        if (!upstream)
            break;
        forward->n_tries++;
        if (ask(forward, upstream) == 0) {
            forward->source.deadline_ms = now_ms + TRY_MS;
            return;
        }
        if (!name_upstream(forward->server, forward->n_tries))
            in_vain = false;
    }
    give_up(forward);
}

/* What fits goes as it is, under the number it was asked with. */
static void pass_on(struct name_forward *forward, uint8_t *reply, size_t size)
{
    uint8_t short_answer[DNS_PLAIN_SIZE];

    dns_set_id(reply, forward->query.id);
    dns_set_id(forward->message, forward->query.id);
    if (size <= forward->query.room)
        name_send(forward->server, &forward->asker, reply, size);
    else
        name_send(forward->server, &forward->asker, short_answer,
                  dns_answer_truncated(forward->message, &forward->query, short_answer));
    finish(forward);
}

static void forward_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct name_forward *forward = source->data;
    uint8_t reply[NAME_REPLY_SIZE];

    if (!revents) {
        ask_next(forward, true, now_ms);
        return;
    }

    ssize_t n = recv(source->fd, reply, sizeof reply, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        ask_next(forward, false, now_ms);       /* nobody listens there */
        return;
    }
    if ((size_t) n < DNS_HEADER_SIZE || dns_id(reply) != forward->id ||
        !dns_reply_is_to(forward->message, &forward->query, reply, (size_t) n))
        return;                         /* the true one may still come */

    unsigned status = reply[3] & 0xf;
    bool refused = status == DNS_SERVER_FAILED || status == DNS_REFUSED;
    if (refused && name_upstream(forward->server, forward->n_tries))
        ask_next(forward, false, now_ms);
    else
        pass_on(forward, reply, (size_t) n);
}

void name_forward(struct name_server *server, const struct name_asker *asker, const uint8_t *message, size_t size,
                  const struct dns_query *query)
{
    size_t i = 0;

    while (i < NAME_FORWARDS_MAX && server->forward[i])
        i++;
    if (i == NAME_FORWARDS_MAX)
        return;
    upstreams_refresh(&server->upstreams);

    struct name_forward *forward = server->forward[i] = mem_alloc(sizeof *forward + size);
    *forward = (struct name_forward){.server = server, .asker = *asker, .query = *query, .size = size};
    forward->source =
        (struct event_source){.fd = -1, .events = POLLIN, .ready = forward_ready, .data = forward};
    memcpy(forward->message, message, size);
    events_add(server->events, &forward->source);
    ask_next(forward, false, clock_ms());
}

void name_forwards_stop(struct name_server *server)
{
    for (size_t i = 0; i < NAME_FORWARDS_MAX; i++)
        if (server->forward[i])
            finish(server->forward[i]);
}
