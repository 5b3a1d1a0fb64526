/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/watchdog.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/strings.h"
#include "runtime/notify.h"
#include "runtime/run_state.h"

struct watchdog {
    struct event_source source;
    int64_t period_ms;
};

static void tell(struct event_source *source, short revents, int64_t now_ms)
{
    struct watchdog *watchdog = source->data;

    (void) revents;
    notify_host("WATCHDOG=1", NULL, 0);
    source->deadline_ms = now_ms + watchdog->period_ms;
}

void watchdog_start(struct run *run)
{
    const char *limit = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t limit_us;
    uint32_t owner;

    if (run->watchdog || !limit || parse_u64(limit, &limit_us) < 0 || limit_us < 2000 ||
        (pid && (parse_u32(pid, &owner) < 0 || owner != (uint32_t) getpid())))
        return;

    struct watchdog *watchdog = mem_alloc(sizeof *watchdog);
    *watchdog = (struct watchdog){
        .source = {.fd = -1, .ready = tell, .data = watchdog},
        /* half of it, as is advised */
        .period_ms = limit_us / 2000 > INT32_MAX ? INT32_MAX : (int64_t) (limit_us / 2000),
    };
    run->watchdog = watchdog;
    events_add(&run->events, &watchdog->source);
    tell(&watchdog->source, 0, clock_ms());
}

void watchdog_done(struct run *run)
{
    if (run->watchdog)
        events_remove(&run->events, &run->watchdog->source);
    free(TAKE(run->watchdog));
}
