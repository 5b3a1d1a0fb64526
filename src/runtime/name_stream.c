/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions by TCP, one after the other on a connection: each message has its length in front (RFC 7766). What is not
 * ours to answer is asked of the host's servers by TCP, too, since the answer was too long for a datagram.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "runtime/name_question.h"

enum { ACCEPT_AT_ONCE = 8, PAUSE_MS = 50, STREAM_MS = 8000, PER_MEMBER_MAX = 4, LENGTH_SIZE = 2 };

enum stage { READ_QUESTION, SEND_QUESTION, READ_REPLY, SEND_REPLY };

struct name_stream {
    struct name_server *server;
    struct event_source client, upstream;
    struct ip_prefix peer;
    enum stage stage;
    unsigned n_tries;
    uint8_t *data;              /* a message with its length in front, as much as there is of it */
    size_t size, done;
};

static void stream_ready(struct event_source *source, short revents, int64_t now_ms);

static void finish(struct name_stream *stream)
{
    struct name_server *server = stream->server;

    events_remove(server->events, &stream->client);
    events_remove(server->events, &stream->upstream);
    fd_closep(&stream->client.fd);
    fd_closep(&stream->upstream.fd);
    for (size_t i = 0; i < NAME_STREAMS_MAX; i++)
        if (server->stream[i] == stream)
            server->stream[i] = NULL;
    free(stream->data);
    free(stream);
}

/* Which of the two sockets is waited for, and for what. */
static void enter(struct name_stream *stream, enum stage stage)
{
    stream->stage = stage;
    stream->done = 0;
    stream->client.events = stage == READ_QUESTION ? POLLIN : stage == SEND_REPLY ? POLLOUT : 0;
    stream->upstream.events = stage == READ_REPLY ? POLLIN : stage == SEND_QUESTION ? POLLOUT : 0;
    if (stage == READ_QUESTION || stage == SEND_REPLY)
        fd_closep(&stream->upstream.fd);
}

static void set_message(struct name_stream *stream, size_t size)
{
    stream->data[0] = (uint8_t) (size >> 8);
    stream->data[1] = (uint8_t) size;
    stream->size = LENGTH_SIZE + size;
}

static size_t message_size(const struct name_stream *stream)
{
    return (size_t) stream->data[0] << 8 | stream->data[1];
}

/* Reads as much as there is. 1 when the message is whole, 0 when not, else a negative errno. LIMIT is that of one. */
static int read_some(struct name_stream *stream, int fd, size_t limit)
{
    for (;;) {
        size_t wanted = stream->done < LENGTH_SIZE ? LENGTH_SIZE : LENGTH_SIZE + message_size(stream);

        if (wanted > LENGTH_SIZE + limit)
            return -EMSGSIZE;
        if (stream->done >= LENGTH_SIZE && stream->done == wanted) {
            stream->size = wanted;
            return 1;
        }
        stream->data = mem_resize(stream->data, wanted);

        ssize_t n = recv(fd, stream->data + stream->done, wanted - stream->done, MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
            return -ECONNRESET;
        stream->done += (size_t) n;
    }
}

/* 1 when all is sent. */
static int write_some(struct name_stream *stream, int fd)
{
    ssize_t n = send(fd, stream->data + stream->done, stream->size - stream->done, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    stream->done += (size_t) n;
    return stream->done == stream->size;
}

static void fail_question(struct name_stream *stream)
{
    struct dns_query query;

    if (dns_query_parse(stream->data + LENGTH_SIZE, stream->size - LENGTH_SIZE, &query) < 0) {
        finish(stream);
        return;
    }
    uint8_t answer[DNS_PLAIN_SIZE];
    size_t n = dns_answer_status(stream->data + LENGTH_SIZE, &query, DNS_SERVER_FAILED, answer);
    stream->data = mem_resize(stream->data, LENGTH_SIZE + n);
    memcpy(stream->data + LENGTH_SIZE, answer, n);
    set_message(stream, n);
    enter(stream, SEND_REPLY);
}

/* To the next of the host's servers that can be connected to, as far as that is known at once. */
static void ask_next(struct name_stream *stream)
{
    const struct upstream *upstream;

    fd_closep(&stream->upstream.fd);
    while ((upstream = name_upstream(stream->server, stream->n_tries++))) {
        auto_close int fd = socket(upstream->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd >= 0 && (connect(fd, (const struct sockaddr *) &upstream->address, upstream->size) == 0 ||
                        errno == EINPROGRESS)) {
            stream->upstream.fd = take_fd(&fd);
            enter(stream, SEND_QUESTION);
            return;
        }
    }
    fail_question(stream);
}

static void handle_question(struct name_stream *stream)
{
    uint8_t answer[DNS_PLAIN_SIZE];
    struct dns_query query;

    if (dns_query_parse(stream->data + LENGTH_SIZE, stream->size - LENGTH_SIZE, &query) < 0) {
        finish(stream);
        return;
    }
    size_t n = name_answer(stream->server, stream->data + LENGTH_SIZE, &query, answer);
    if (n == 0) {
        upstreams_refresh(&stream->server->upstreams);
        stream->n_tries = 0;
        ask_next(stream);
        return;
    }
    stream->data = mem_resize(stream->data, LENGTH_SIZE + n);
    memcpy(stream->data + LENGTH_SIZE, answer, n);
    set_message(stream, n);
    enter(stream, SEND_REPLY);
}

/* Does what the stage is about; what came to an end leads to the next one. */
static void advance(struct name_stream *stream)
{
    int r = 0;

    switch (stream->stage) {
    case READ_QUESTION:
        r = read_some(stream, stream->client.fd, NAME_QUESTION_SIZE);
        if (r == 1)
            handle_question(stream);
        else if (r < 0)
            finish(stream);
        return;
    case SEND_QUESTION:
        r = write_some(stream, stream->upstream.fd);
        if (r == 1)
            enter(stream, READ_REPLY);
        else if (r < 0)
            ask_next(stream);
        return;
    case READ_REPLY:
        r = read_some(stream, stream->upstream.fd, UINT16_MAX);
        if (r == 1)
            enter(stream, SEND_REPLY);
        else if (r < 0)
            finish(stream);     /* the question is written over: who asks asks again */
        return;
    case SEND_REPLY:
        r = write_some(stream, stream->client.fd);
        if (r == 1)
            enter(stream, READ_QUESTION);
        else if (r < 0)
            finish(stream);
        return;
    }
}

static void stream_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct name_stream *stream = source->data;

    (void) now_ms;
    /* no time left, or a client that hangs up while a server is asked */
    if (!revents || (source == &stream->client && source->events == 0))
        finish(stream);
    else
        advance(stream);
}

/* -- connections -- */

static bool read_peer(int fd, struct ip_prefix *ret)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    const struct sockaddr_in *v4 = (const void *) &address;
    const struct sockaddr_in6 *v6 = (const void *) &address;

    if (getpeername(fd, (struct sockaddr *) &address, &size) < 0)
        return false;
    *ret = (struct ip_prefix){.family = (uint8_t) address.ss_family};
    ret->length = (uint8_t) ip_family_bits(ret->family);
    if (address.ss_family == AF_INET)
        memcpy(ret->byte, &v4->sin_addr, 4);
    else
        memcpy(ret->byte, &v6->sin6_addr, 16);
    return true;
}

/* Where a stream of PEER's can go: a free place, as long as the peer has not more than its share. */
static struct name_stream **find_place(struct name_server *server, const struct ip_prefix *peer)
{
    struct name_stream **free_place = NULL;
    unsigned n = 0;

    for (size_t i = 0; i < NAME_STREAMS_MAX; i++) {
        if (!server->stream[i])
            free_place = &server->stream[i];
        else if (ip_address_equal(&server->stream[i]->peer, peer))
            n++;
    }
    return n < PER_MEMBER_MAX ? free_place : NULL;
}

void name_streams_accept(struct event_source *source, short revents, int64_t now_ms)
{
    struct name_server *server = source->data;

    (void) revents;
    source->events = POLLIN;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        auto_close int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        struct ip_prefix peer;

        if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0 || !read_peer(fd, &peer) || !name_is_member(server, &peer))
            continue;

        struct name_stream **place = find_place(server, &peer);
        if (!place)
            continue;

        struct name_stream *stream = *place = mem_alloc(sizeof *stream);
        *stream = (struct name_stream){.server = server, .peer = peer};
        stream->client = (struct event_source){
            .fd = take_fd(&fd), .ready = stream_ready, .data = stream, .deadline_ms = now_ms + STREAM_MS};
        stream->upstream = (struct event_source){.fd = -1, .ready = stream_ready, .data = stream};
        enter(stream, READ_QUESTION);
        events_add(server->events, &stream->client);
        events_add(server->events, &stream->upstream);
    }
    source->events = 0;
    source->deadline_ms = now_ms + PAUSE_MS;
}

void name_streams_stop(struct name_server *server)
{
    for (size_t i = 0; i < NAME_STREAMS_MAX; i++)
        if (server->stream[i])
            finish(server->stream[i]);
}
