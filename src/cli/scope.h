/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scope: what a run wants of the host's service manager, and of programs that keep lists of machines. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "machine/registry.h"
#include "runtime/run.h"

/* Whether systemd is the host's PID 1 (sd_booted(3)). */
bool service_manager_is_systemd(void);

/* A scope NAME.scope with LEADER in it, made through redd-bus; gives its cgroup. */
int scope_allocate(void *data, const struct spec *spec, pid_t leader, char **ret_cgroup, struct error **err);

/* --keep-unit: asks the service manager to let what is bound into the container through the device policy of UNIT, the
 * one that it is in (NULL: none). Nothing to do where there is no device. */
int unit_allow_devices(const struct spec *spec, const char *unit, struct error **err);

/* Tells others of the machine and its UNIT (NULL: none): the folder they read, or the machine manager that owns it. */
int machine_register(const struct registry *registry, struct machine_claim *claim, const struct spec *spec,
                     const struct run_facts *facts, const char *unit, struct error **err);
