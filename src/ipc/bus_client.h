/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus_client: asking the host's service manager and machine manager, from a program that has no bus library.
 *
 * Each call runs redd-bus once, waits for its end and hands on its answer or its error. That is for hosts whose PID 1
 * is systemd; elsewhere nobody is to be asked, and nothing of this is called.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/id128.h"
#include "base/strings.h"

struct bus_client {
    const char *helper;         /* path of redd-bus; NULL: where it is installed */
    bool user_scope;            /* the calling user's managers, not the system's */
    unsigned timeout_ms;        /* for the whole call; 0: half a minute */
};

/* A transient scope NAME.scope with one process in it. */
struct bus_scope_request {
    const char *name;           /* of the machine */
    const char *slice;          /* NULL: machine.slice */
    pid_t leader;
    bool boots;                 /* the payload is an init: it may be handed its core dumps */
    const struct strings *properties;   /* of --property=, in the words of systemctl set-property; may be NULL */
};

/* Waits until the scope is there and gives its control group, as in "/machine.slice/web.scope". A scope of that name
 * that is on its way out is waited for; -EEXIST when one is in use. -EINVAL for a property that is unknown or not
 * understood. */
int bus_scope_start(const struct bus_client *client, const struct bus_scope_request *request, char **ret_cgroup,
                    struct error **err);

/* Has the service manager start or stop the unit UNIT, and waits for it; one that is what it should be is success.
 * -ENOENT when there is no such unit, -EIO when it failed. */
int bus_unit_start(const struct bus_client *client, const char *unit, struct error **err);
int bus_unit_stop(const struct bus_client *client, const char *unit, struct error **err);

/* Sets PROPERTIES, in the words of systemctl set-property; RUNTIME: until the host's next boot. */
int bus_unit_set_properties(const struct bus_client *client, const char *unit, bool runtime,
                            const struct strings *properties, struct error **err);

/* Has it read its unit files anew. */
int bus_units_reload(const struct bus_client *client, struct error **err);

struct bus_machine {
    const char *name, *service, *class;
    const char *root;           /* NULL: none on the host */
    struct id128 id;
    pid_t leader;
    const int *netif;
    size_t n_netif;
};

/* Has the host's machine manager know the machine, with the caller as its supervisor. Its unit is the one that LEADER
 * is in by now. -EEXIST when one of that name is registered already. */
int bus_machine_register(const struct bus_client *client, const struct bus_machine *machine, struct error **err);
