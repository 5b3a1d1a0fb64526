/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * event: what the supervisor's one poll() waits for besides the payload itself.
 *
 * A source is a descriptor and a moment, embedded in whatever it belongs to. The supervisor polls all of them together
 * with its own descriptors (supervise.c) and calls back the ones that are due; nothing runs beside that, so a callback
 * does a bounded amount of work and returns. While none is due the supervisor sleeps, so a deadline is set only when
 * something is to happen by itself.
 *
 *     server->source = (struct event_source){.fd = fd, .events = POLLIN, .ready = server_ready, .data = server};
 *     events_add(&run->events, &server->source);
 */
#pragma once

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct event_source {
    int fd;                     /* -1: none for now; borrowed */
    short events;               /* as in poll(2); may be changed at any time, like fd and deadline_ms */
    int64_t deadline_ms;        /* CLOCK_MONOTONIC; 0: none */

    /* Called with what poll() said, or with 0 when the deadline has passed (it is cleared before). May add and remove
     * sources, this one too. */
    void (*ready)(struct event_source *source, short revents, int64_t now_ms);
    void *data;                 /* for ready() */
};

/* All zero: empty. */
struct events {
    struct event_source **item; /* NULL: removed while the list was walked */
    size_t count;
    struct pollfd *fds;
    size_t fds_size;
};

/* SOURCE stays where it is until it is removed. */
void events_add(struct events *events, struct event_source *source);

/* One that was never added may be given. */
void events_remove(struct events *events, const struct event_source *source);

/* Forgets all sources; closes nothing. */
void events_done(struct events *events);

/* Gives the array for poll(), with room for N entries of the caller in front of those of the sources; *ret_count is
 * the length of the whole. Valid until the next call. */
struct pollfd *events_poll_fds(struct events *events, size_t n, size_t *ret_count);

/* The time until the next deadline, at most LIMIT_MS; -1 stands for "for ever" in both. */
int events_timeout_ms(const struct events *events, int limit_ms, int64_t now_ms);

/* Calls the sources that are due. N as in events_poll_fds(). */
void events_dispatch(struct events *events, size_t n, int64_t now_ms);
