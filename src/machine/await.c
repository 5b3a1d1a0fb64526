/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/await.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "machine/running.h"

static int64_t deadline_after(uint64_t timeout_us)
{
    return timeout_us > INT64_MAX / 2 ? INT64_MAX : clock_ms() + (int64_t) (timeout_us / 1000);
}

/* Until something happens in a watched folder. -ETIMEDOUT. */
static int await_change(int inotify_fd, int64_t deadline_ms)
{
    char events[4096] __attribute__((aligned(8)));
    struct pollfd change = {.fd = inotify_fd, .events = POLLIN};
    int64_t left = deadline_ms == INT64_MAX ? -1 : deadline_ms - clock_ms();

    if (deadline_ms != INT64_MAX && left <= 0)
        return -ETIMEDOUT;
    int r = poll(&change, 1, left > INT32_MAX ? INT32_MAX : (int) left);
    if (r < 0 && errno != EINTR)
        return -errno;
    if (r > 0)
        (void) !read(inotify_fd, events, sizeof events);
    return 0;
}

static int fail_late(const char *name, struct error **err)
{
    fail_plain(err, ETIMEDOUT, "machine '%s' does not start within the time given", name);
    fail_id(*err, "R4023");
    fail_hint(*err, "'redd why %s' says whether a start failed", name);
    return -ETIMEDOUT;
}

/* Until the registry has a state of NAME. */
static int await_state(const struct registry *registry, const char *name, int64_t deadline_ms, struct error **err)
{
    enum { MASK = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE };
    auto_free char *folder = path_join(registry->folder, name);
    auto_close int inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (inotify_fd < 0) {
        fail(err, errno, "cannot watch the list of machines");
        if (error_code(*err) == EMFILE)
            fail_hint(
                *err,
                "all are in use that a user may have: 'sysctl fs.inotify.max_user_instances=1024' allows more, in a "
                "user namespace user.max_inotify_instances");
        fail_id(*err, "R4026");
        return -error_code(*err);
    }
    int r = dir_make_all(registry->folder, 0755);
    if (r < 0 || inotify_add_watch(inotify_fd, registry->folder, MASK) < 0)
        return fail(err, r < 0 ? -r : errno, "cannot watch %s", registry->folder);
    for (;;) {
        CLEANUP(machine_state_done) struct machine_state state = {0};
        auto_error struct error *missing = NULL;

        /* watched before it is looked at, so that nothing is missed */
        (void) inotify_add_watch(inotify_fd, folder, MASK);
        r = registry_get(registry, name, &state, &missing);
        if (r == 0)
            return 0;
        if (r != -ENXIO) {
            *err = TAKE(missing);
            return r;
        }
        r = await_change(inotify_fd, deadline_ms);
        if (r < 0)
            return r == -ETIMEDOUT ? fail_late(name, err) : fail(err, -r, "cannot wait for machine '%s'", name);
    }
}

int machine_await_ready(const struct registry *registry, const char *name, uint64_t timeout_us, struct error **err)
{
    CLEANUP(control_message_done) struct control_message request = {.word = mem_copy_string("await-ready")};
    CLEANUP(control_message_done) struct control_message answer = {0};
    auto_free char *control = mem_format("%s/%s/control", registry->folder, name);
    int64_t deadline_ms = deadline_after(timeout_us);

    if (await_state(registry, name, deadline_ms, err) < 0)
        return -error_code(*err);
    int64_t left = deadline_ms == INT64_MAX ? INT32_MAX : deadline_ms - clock_ms();
    unsigned timeout_ms = left > INT32_MAX ? INT32_MAX : left < 1 ? 1 : (unsigned) left;
    int r = control_call(control, &request, timeout_ms, &answer, err);
    if (r != -ETIMEDOUT)
        return r;
    error_freep(err);
    fail_plain(err, ETIMEDOUT, "machine '%s' runs but is not ready within the time given", name);
    fail_id(*err, "R4024");
    fail_hint(*err, "'redd status %s' shows what it is doing", name);
    return -ETIMEDOUT;
}

int machine_await_stopped(const struct registry *registry, const char *name, uint64_t timeout_us, struct error **err)
{
    CLEANUP(running_done) struct running machine = RUNNING_INIT;

    int r = running_open(registry, name, &machine, err);
    if (r == -ENXIO) {
        error_freep(err);
        return 0;
    }
    return r < 0 ? r : running_await_end(&machine, timeout_us, err);
}
