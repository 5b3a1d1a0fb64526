/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an onlooker does not read in time is lost to him alone: his socket holds some 100 KiB, then he misses text. */
#include "runtime/onlookers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "inside/console.h"
#include "runtime/event.h"

enum { TYPED_MAX = 1024, SOCKET_BUFFER = 256 * 1024 };

struct onlooker {
    struct onlooker *next;
    struct onlookers *all;
    struct event_source source;
    bool may_type;
    size_t n_typed;             /* what the console did not take yet */
    char typed[TYPED_MAX];
};

static void leave(struct onlooker *onlooker)
{
    struct onlookers *all = onlooker->all;
    struct onlooker **place = &all->first;

    while (*place != onlooker)
        place = &(*place)->next;
    *place = onlooker->next;
    all->count--;
    events_remove(all->events, &onlooker->source);
    (void) close(onlooker->source.fd);
    free(onlooker);
}

/* Passes on what was typed; reads on only when all of it was taken. Without a console it is as if nobody read. */
static void pass_on(struct onlooker *onlooker)
{
    struct console *console = onlooker->all->console;
    size_t taken = console ? console_type(console, onlooker->typed, onlooker->n_typed) : 0;

    onlooker->n_typed -= taken;
    memmove(onlooker->typed, onlooker->typed + taken, onlooker->n_typed);
    onlooker->source.events = onlooker->n_typed == 0 ? POLLIN : 0;
}

static void onlooker_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct onlooker *onlooker = source->data;

    (void) now_ms;
    if (revents & POLLIN) {
        size_t room = TYPED_MAX - onlooker->n_typed;
        ssize_t n = recv(source->fd, onlooker->typed + onlooker->n_typed, room, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            leave(onlooker);
            return;
        }
        if (n > 0 && onlooker->may_type) {
            onlooker->n_typed += (size_t) n;
            pass_on(onlooker);
        }
    } else if (revents & (POLLHUP | POLLERR))
        leave(onlooker);
}

static void hear(void *data, const char *bytes, size_t n)
{
    struct onlookers *onlookers = data;

    for (struct onlooker *o = onlookers->first; o; o = o->next)
        (void) send(o->source.fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void room(void *data)
{
    struct onlookers *onlookers = data;

    for (struct onlooker *o = onlookers->first; o; o = o->next)
        pass_on(o);
}

/* Nobody is asked for nothing: a console without onlookers has no audience. */
static void tell_console(struct onlookers *onlookers)
{
    const struct console_audience nobody = {0};
    const struct console_audience us = {.hear = hear, .room = room, .data = onlookers};

    if (onlookers->console)
        console_set_audience(onlookers->console, onlookers->first ? &us : &nobody);
}

int onlookers_add(struct onlookers *onlookers, bool may_type, int *ret_fd, struct error **err)
{
    int ends[2], size = SOCKET_BUFFER;

    if (onlookers->count >= ONLOOKERS_MAX)
        return fail_plain(err, EUSERS, "%d others follow this console already", ONLOOKERS_MAX);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return fail(err, errno, "cannot make a pair of sockets");
    (void) setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);

    struct onlooker *onlooker = mem_alloc(sizeof *onlooker);
    *onlooker = (struct onlooker){
        .next = onlookers->first,
        .all = onlookers,
        .may_type = may_type,
        .source = {.fd = ends[0], .events = POLLIN, .ready = onlooker_ready, .data = onlooker},
    };
    onlookers->first = onlooker;
    onlookers->count++;
    events_add(onlookers->events, &onlooker->source);
    tell_console(onlookers);
    *ret_fd = ends[1];
    return 0;
}

void onlookers_follow(struct onlookers *onlookers, struct console *console)
{
    onlookers->console = console;
    tell_console(onlookers);
    if (console)
        room(onlookers);
}

void onlookers_done(struct onlookers *onlookers)
{
    while (onlookers->first)
        leave(onlookers->first);
}
