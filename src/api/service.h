/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service: what redd-apid serves on D-Bus, in front of the registry folder and the image folders. It keeps no truth of
 * its own: each call reads what is there, so the daemon may be killed and started at any time, and redd's own verbs
 * work without it.
 *
 * Whatever may take its time, or looks into a guest, is done by a worker process (worker.h), so that one call never
 * keeps another waiting.
 */
#pragma once

#include <stdbool.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "api/named.h"
#include "base/error.h"
#include "image/find.h"
#include "machine/registry.h"

#define MACHINE1_NAME "org.freedesktop.machine1"
#define MACHINE1_PATH "/org/freedesktop/machine1"
#define IMPORT1_NAME "org.freedesktop.import1"
#define IMPORT1_PATH "/org/freedesktop/import1"

struct service {
    sd_bus *bus;
    sd_event *event;
    const struct registry *registry;
    struct named_objects machines, images;
    struct machine_state machine;       /* the object that the call at hand is about */
    struct image image;
    struct strings known;       /* machines that others were told of */
    int watch_fd;               /* of the registry folder */
};

/* machine_manager.c, image_manager.c, import_manager.c: puts objects on the bus. */
int machine_manager_add(struct service *service, struct error **err);
int image_manager_add(struct service *service, struct error **err);
int import_manager_add(struct service *service, struct error **err);

/* watch.c: tells of machines that come and go. */
int watch_start(struct service *service, struct error **err);
void watch_stop(struct service *service);

/* What systemd-machined answers about the host itself. Fills *RET. */
void service_host_machine(struct machine_state *ret);

/* The object of the call is the host itself. */
bool service_machine_is_host(const struct service *service);

/* For what cannot be done to the host. For the return of a method. */
int refuse_host(sd_bus_error *ret);

/* The machine NAME, ".host" included, into service->machine. -ENXIO. */
int service_find_machine(struct service *service, const char *name, struct error **err);

/* A call of sd-bus's that failed. */
int fail_bus(struct error **err, int r, const char *doing);

/* Makes a D-Bus error of ERR (taken): one that clients know by its name where ERR is of a kind they ask about. For the
 * return of a method. */
int bus_error_of(sd_bus_error *ret, struct error **err);
