/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/event.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

void events_add(struct events *events, struct event_source *source)
{
    MEM_GROW(events->item, events->count);
    events->item[events->count++] = source;
}

/* Leaves a gap, since the list may be being walked: the next events_poll_fds() closes it. */
void events_remove(struct events *events, const struct event_source *source)
{
    for (size_t i = 0; i < events->count; i++)
        if (events->item[i] == source)
            events->item[i] = NULL;
}

void events_done(struct events *events)
{
    free(TAKE(events->item));
    free(TAKE(events->fds));
    *events = (struct events){0};
}

static void close_gaps(struct events *events)
{
    size_t kept = 0;

    for (size_t i = 0; i < events->count; i++)
        if (events->item[i])
            events->item[kept++] = events->item[i];
    events->count = kept;
}

struct pollfd *events_poll_fds(struct events *events, size_t n, size_t *ret_count)
{
    close_gaps(events);
    if (n + events->count > events->fds_size || !events->fds) {
        events->fds_size = n + events->count;
        events->fds = mem_resize(events->fds, events->fds_size * sizeof *events->fds);
    }
    for (size_t i = 0; i < events->count; i++)
        events->fds[n + i] = (struct pollfd){.fd = events->item[i]->fd, .events = events->item[i]->events};
    *ret_count = n + events->count;
    return events->fds;
}

int events_timeout_ms(const struct events *events, int limit_ms, int64_t now_ms)
{
    int64_t timeout = limit_ms < 0 ? INT64_MAX : limit_ms;

    for (size_t i = 0; i < events->count; i++) {
        int64_t deadline = events->item[i] ? events->item[i]->deadline_ms : 0;

        if (deadline == 0)
            continue;
        int64_t left = deadline > now_ms ? deadline - now_ms : 0;
        if (left < timeout)
            timeout = left;
    }
    return timeout == INT64_MAX ? -1 : timeout > INT_MAX ? INT_MAX : (int) timeout;
}

void events_dispatch(struct events *events, size_t n, int64_t now_ms)
{
    /* those added by a callback have no entry yet */
    size_t count = events->count;

    for (size_t i = 0; i < count; i++) {
        struct event_source *source = events->item[i];

        if (!source)
            continue;
        short revents = events->fds[n + i].fd >= 0 ? events->fds[n + i].revents : 0;
        bool is_late = source->deadline_ms != 0 && source->deadline_ms <= now_ms;
        if (is_late)
            source->deadline_ms = 0;
        if (revents || is_late)
            source->ready(source, revents, now_ms);
    }
}
