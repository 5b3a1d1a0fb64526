/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That sources are called when they are due, and may come and go while they are. */
#include <unistd.h>

#include "runtime/event.h"

#include "base/test.h"

struct probe {
    struct event_source source;
    struct events *events;
    struct event_source *victim;        /* removed when called */
    struct event_source *newcomer;      /* added when called */
    int calls;
    short revents;
};

static void probe_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct probe *probe = source->data;

    (void) now_ms;
    probe->calls++;
    probe->revents = revents;
    if (probe->victim)
        events_remove(probe->events, probe->victim);
    if (probe->newcomer)
        events_add(probe->events, probe->newcomer);
}

static void probe_init(struct probe *probe, struct events *events, int fd)
{
    *probe = (struct probe){.source = {.fd = fd, .events = POLLIN, .ready = probe_ready, .data = probe},
                            .events = events};
    events_add(events, &probe->source);
}

/* One turn of a loop that has an entry of its own in front. */
static void turn(struct events *events, int64_t now_ms)
{
    size_t n;
    struct pollfd *fds = events_poll_fds(events, 1, &n);

    fds[0] = (struct pollfd){.fd = -1};
    assert_true(poll(fds, n, 0) >= 0);
    events_dispatch(events, 1, now_ms);
}

TEST(a_source_is_called_when_its_descriptor_is_ready)
{
    struct events events = {0};
    struct probe quiet, loud;
    int pipes[2][2];

    EXPECT_INT(pipe(pipes[0]), 0);
    EXPECT_INT(pipe(pipes[1]), 0);
    probe_init(&quiet, &events, pipes[0][0]);
    probe_init(&loud, &events, pipes[1][0]);
    EXPECT_INT(write(pipes[1][1], "x", 1), 1);
    turn(&events, 1);
    EXPECT_INT(quiet.calls, 0);
    EXPECT_INT(loud.calls, 1);
    EXPECT_INT(loud.revents, POLLIN);
    for (int i = 0; i < 4; i++)
        (void) close(pipes[i / 2][i % 2]);
    events_done(&events);
}

TEST(a_deadline_comes_once)
{
    struct events events = {0};
    struct probe probe;

    probe_init(&probe, &events, -1);
    probe.source.deadline_ms = 100;
    EXPECT_INT(events_timeout_ms(&events, -1, 40), 60);
    EXPECT_INT(events_timeout_ms(&events, 10, 40), 10);
    turn(&events, 99);
    EXPECT_INT(probe.calls, 0);
    turn(&events, 100);
    turn(&events, 200);
    EXPECT_INT(probe.calls, 1);
    EXPECT_INT(probe.revents, 0);
    EXPECT_INT(events_timeout_ms(&events, -1, 200), -1);
    events_done(&events);
}

TEST(one_removed_by_another_is_not_called)
{
    struct events events = {0};
    struct probe first, second;

    probe_init(&first, &events, -1);
    probe_init(&second, &events, -1);
    first.source.deadline_ms = second.source.deadline_ms = 1;
    first.victim = &second.source;
    turn(&events, 5);
    EXPECT_INT(first.calls, 1);
    EXPECT_INT(second.calls, 0);
    events_done(&events);
}

TEST(one_added_by_another_waits_for_the_next_turn)
{
    struct events events = {0};
    struct probe first, second;

    probe_init(&first, &events, -1);
    probe_init(&second, &events, -1);
    events_remove(&events, &second.source);
    first.source.deadline_ms = second.source.deadline_ms = 1;
    first.newcomer = &second.source;
    turn(&events, 5);
    EXPECT_INT(second.calls, 0);
    first.newcomer = NULL;
    turn(&events, 5);
    EXPECT_INT(second.calls, 1);
    events_done(&events);
}

TEST(many_come_and_go)
{
    struct events events = {0};
    struct probe probes[40];

    for (size_t i = 0; i < 40; i++)
        probe_init(&probes[i], &events, -1);
    for (size_t i = 0; i < 40; i += 2)
        events_remove(&events, &probes[i].source);
    for (size_t i = 0; i < 40; i++)
        probes[i].source.deadline_ms = 1;
    turn(&events, 1);
    for (size_t i = 0; i < 40; i++)
        EXPECT_INT(probes[i].calls, i % 2);
    events_done(&events);
}

TESTS(RUN(a_source_is_called_when_its_descriptor_is_ready), RUN(a_deadline_comes_once),
      RUN(one_removed_by_another_is_not_called), RUN(one_added_by_another_waits_for_the_next_turn),
      RUN(many_come_and_go))
