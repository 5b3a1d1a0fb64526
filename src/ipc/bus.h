/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus: what redd wants of systemd and of a machine manager over D-Bus. The one file that speaks it is bus.c, which is
 * in redd-bus and nowhere else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id128.h"
#include "ipc/bus_property.h"

struct bus;

/* Connects to the system's bus, or the calling user's; over CONNECTED_FD (taken), where it is not -1, on which nothing
 * was said yet. */
int bus_open(bool user, int connected_fd, struct bus **ret, struct error **err);
void bus_closep(struct bus **bus);

/* Has the service manager make the transient unit UNIT with the process LEADER in it, waits for it, and gives its
 * control group. A unit of that name that ends just now is waited for; -EEXIST when it is in use. */
int bus_start_scope(struct bus *bus, const char *unit, uint32_t leader, const struct bus_properties *properties,
                    char **ret_cgroup, struct error **err);

/* METHOD "StartUnit" or "StopUnit" of UNIT, with MODE ("fail", "replace"), and its job to the end. -ENOENT: there is no
 * such unit; -EIO: the job failed. */
int bus_run_job(struct bus *bus, const char *method, const char *mode, const char *unit, uint64_t timeout_us,
                struct error **err);

/* Has the manager read its unit files anew. */
int bus_reload(struct bus *bus, struct error **err);

/* Of a unit that exists; RUNTIME: until the next boot of the host. */
int bus_set_properties(struct bus *bus, const char *unit, bool runtime, const struct bus_properties *properties,
                       struct error **err);

struct bus_machine_entry {
    const char *name, *service, *class, *root;  /* "" where there is none */
    struct id128 id;
    uint32_t leader;
    const int32_t *netif;
    size_t n_netif;
};

/* -EEXIST when a machine of that name is registered already. */
int bus_register_machine(struct bus *bus, const struct bus_machine_entry *machine, struct error **err);
int bus_unregister_machine(struct bus *bus, const char *name, struct error **err);
