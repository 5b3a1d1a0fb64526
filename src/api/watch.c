/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MachineNew and MachineRemoved, from what changes in the registry's folder. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "api/service.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

static void tell(struct service *service, const char *signal, const char *name)
{
    auto_free char *path = NULL;
    int r = sd_bus_path_encode(MACHINE1_PATH "/machine", name, &path);

    if (r >= 0)
        r = sd_bus_emit_signal(service->bus, MACHINE1_PATH, MACHINE1_NAME ".Manager", signal, "so", name, path);
    if (r < 0)
        log_debug("cannot send the signal %s: %s", signal, strerror(-r));
}

static bool runs(const struct machine_states *states, const char *name)
{
    for (size_t i = 0; i < states->count; i++)
        if (strcmp(states->item[i].name, name) == 0)
            return true;
    return false;
}

/* Says what is different from the last time. */
static void compare(struct service *service, bool silent)
{
    CLEANUP(machine_states_done) struct machine_states states = {0};
    auto_error struct error *err = NULL;

    if (registry_list(service->registry, &states, &err) < 0) {
        log_debug("%s", error_text(err));
        return;
    }
    for (size_t i = service->known.count; i-- > 0;)
        if (!runs(&states, service->known.item[i])) {
            tell(service, "MachineRemoved", service->known.item[i]);
            strings_remove(&service->known, i);
        }
    for (size_t i = 0; i < states.count; i++)
        if (!strings_contain(&service->known, states.item[i].name)) {
            strings_add(&service->known, states.item[i].name);
            if (!silent)
                tell(service, "MachineNew", states.item[i].name);
        }
}

/* The folders of machines are watched as well: a machine is there once its state is. */
static void watch_folder(struct service *service)
{
    (void) inotify_add_watch(service->watch_fd, service->registry->folder,
                             IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM);
}

static void watch_machine(struct service *service, const char *name)
{
    auto_free char *path = mem_format("%s/%s", service->registry->folder, name);

    (void) inotify_add_watch(service->watch_fd, path,
                             IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR);
}

static int on_change(sd_event_source *source, int fd, uint32_t events, void *data)
{
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    struct service *service = data;
    ssize_t n;

    (void) source, (void) events;
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const struct inotify_event *) (buffer + at);

            if (event->len > 0 && event->mask & IN_ISDIR && event->mask & (IN_CREATE | IN_MOVED_TO))
                watch_machine(service, event->name);
            at += (ssize_t) (sizeof *event + event->len);
        }
    compare(service, false);
    return 0;
}

int watch_start(struct service *service, struct error **err)
{
    int r = dir_make_all(service->registry->folder, 0755);

    if (r < 0)
        return fail(err, -r, "cannot make %s", service->registry->folder);
    service->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (service->watch_fd < 0) {
        r = fail(err, errno, "cannot watch %s", service->registry->folder);
        fail_hint(*err, "the limit is in /proc/sys/fs/inotify/max_user_instances");
        return r;
    }
    watch_folder(service);
    compare(service, true);
    for (size_t i = 0; i < service->known.count; i++)
        watch_machine(service, service->known.item[i]);
    r = sd_event_add_io(service->event, NULL, service->watch_fd, EPOLLIN, on_change, service);
    return r < 0 ? fail_bus(err, r, "watch the machines") : 0;
}

void watch_stop(struct service *service)
{
    fd_closep(&service->watch_fd);
    strings_done(&service->known);
}
