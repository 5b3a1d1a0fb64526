/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * redd-apid: machines and images on D-Bus, for programs that want them there. Optional: no verb of redd's needs it.
 * Started by the bus when somebody asks, and may be killed at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "api/machine_calls.h"
#include "api/service.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/report.h"
#include "cli/run_host.h"

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
    (void) info, (void) data;
    return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int take_signals(sd_event *event, struct error **err)
{
    static const int signals[] = {SIGTERM, SIGINT};
    sigset_t set;
    int r = 0;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        (void) sigaddset(&set, signals[i]);
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    (void) signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; r >= 0 && i < COUNT_OF(signals); i++)
        r = sd_event_add_signal(event, NULL, signals[i], on_stop, NULL);
    return r < 0 ? fail_bus(err, r, "read signals") : 0;
}

static int take_names(sd_bus *bus, struct error **err)
{
    static const char *const names[] = {MACHINE1_NAME, IMPORT1_NAME};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        int r = sd_bus_request_name(bus, names[i], 0);

        if (r >= 0)
            continue;
        fail(err, -r, "cannot take the name %s on the bus", names[i]);
        fail_id(*err, "R4602");
        if (r == -EEXIST)
            fail_hint(*err, "another program serves it, mostly systemd-machined or systemd-importd: stop that first");
        else if (r == -EACCES || r == -EPERM)
            fail_hint(*err, "the bus has a policy for its names: it comes with redd, in dbus-1/system.d");
        return r;
    }
    return 0;
}

static int serve(struct service *service, struct error **err)
{
    int r;

    if ((r = sd_event_default(&service->event)) < 0)
        return fail_bus(err, r, "make an event loop");
    if (take_signals(service->event, err) < 0)
        return -error_code(*err);
    if ((r = sd_bus_open_system(&service->bus)) < 0) {
        fail_bus(err, r, "reach the system bus");
        fail_id(*err, "R4603");
        fail_hint(*err, "redd's own verbs need no bus; for others, start a D-Bus daemon first");
        return r;
    }
    if ((r = sd_bus_attach_event(service->bus, service->event, 0)) < 0)
        return fail_bus(err, r, "watch the bus");
    if (machine_manager_add(service, err) < 0 || image_manager_add(service, err) < 0 ||
        import_manager_add(service, err) < 0 || watch_start(service, err) < 0 || take_names(service->bus, err) < 0)
        return -error_code(*err);
    r = sd_event_loop(service->event);
    return r < 0 ? fail_bus(err, r, "serve the bus") : 0;
}

static void service_done(struct service *service)
{
    watch_stop(service);
    machine_state_done(&service->machine);
    image_done(&service->image);
    sd_bus_flush_close_unref(service->bus);
    sd_event_unref(service->event);
}

int main(int argc, char **argv)
{
    const struct registry registry = host_registry();
    auto_error struct error *err = NULL;

    log_set_level_from_environment();
    if (argc == 2 && strcmp(argv[1], "--hold") == 0)
        return machine_hold(&registry);
    if (argc > 1) {
        log_error("redd-apid: takes no options; it serves " MACHINE1_NAME " and " IMPORT1_NAME " on the system bus");
        return EXIT_FAILURE;
    }

    CLEANUP(service_done) struct service service = {.registry = &registry, .watch_fd = -1};
    int sign_fd = open(REGISTRY_API_SIGN, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    /* not ours: another one runs, and take_names() will say so */
    bool is_ours = sign_fd >= 0 && flock(sign_fd, LOCK_EX | LOCK_NB) == 0;
    int r = serve(&service, &err);
    if (is_ours)
        (void) unlink(REGISTRY_API_SIGN);
    fd_closep(&sign_fd);
    return r < 0 ? report("redd-apid", err) : EXIT_SUCCESS;
}
