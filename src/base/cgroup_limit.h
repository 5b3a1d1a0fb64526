/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cgroup_limit: what a control group may use of the machine, on each layout of hosts.
 *
 * A group is named by its path in the unified hierarchy. A controller that is there is told there; one that a hybrid
 * host has in a hierarchy of its own (version 1) is told there, in a group at its top that has the whole path for its
 * name, with ":" for "/".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* By the names of systemd.resource-control(5). */
enum cgroup_resource {
    RESOURCE_MEMORY_MAX,
    RESOURCE_MEMORY_HIGH,
    RESOURCE_MEMORY_LOW,
    RESOURCE_MEMORY_MIN,
    RESOURCE_MEMORY_SWAP_MAX,
    RESOURCE_CPU_QUOTA,
    RESOURCE_CPU_WEIGHT,
    RESOURCE_IO_WEIGHT,
    RESOURCE_TASKS_MAX,
    RESOURCE_ALLOWED_CPUS,
    RESOURCE_ALLOWED_MEMORY_NODES,
    N_RESOURCES
};

#define RESOURCE_UNLIMITED UINT64_MAX

struct cgroup_limit {
    enum cgroup_resource resource;
    uint64_t number;            /* bytes, tasks, weight; hundredths of a percent of one CPU */
    bool is_share;              /* NUMBER is hundredths of a percent of what the host has */
    char list[128];             /* of CPUs or nodes: "0-3,5"; "" is all */
};

const char *cgroup_resource_name(enum cgroup_resource resource);

/* The group that is limited for a payload in the group PAYLOAD: that, or the scope of redd's around it, which the
 * payload cannot reach. Gives. */
char *cgroup_limited_path(const char *payload);

/* The group that a limit is told to: PATH itself, or the one for it in a hierarchy of version 1, which need not be
 * there yet. Gives; NULL when no hierarchy of this host has the controller. */
char *cgroup_limit_group(const char *path, enum cgroup_resource resource);

/* Tells it. A group of version 1 has to exist: cgroup_limit_make_group(). -EOPNOTSUPP where the host cannot. */
int cgroup_limit_set(const char *path, const struct cgroup_limit *limit, struct error **err);

/* For a group of version 1: makes it, ready to take processes. */
int cgroup_limit_make_group(const char *group, struct error **err);

/* Moves every process that is in the unified group PATH or below into the version 1 group GROUP. They go on forking
 * meanwhile, so it is done until none is left. */
int cgroup_limit_move(const char *path, const char *group, struct error **err);

/* Has the calling process be limited as PAYLOAD is: it joins the groups of version 1 that there are for that. */
void cgroup_limit_join(const char *payload);

/* A counter that the kernel keeps for the group, where it has the controller: for stats. False: nothing known. */
enum cgroup_counter {
    COUNTER_MEMORY,             /* bytes in use */
    COUNTER_MEMORY_PEAK,
    COUNTER_TASKS,
    COUNTER_CPU_NS,             /* processor time used */
    COUNTER_IO_READ,            /* bytes */
    COUNTER_IO_WRITTEN,
};
bool cgroup_counter_read(const char *path, enum cgroup_counter counter, uint64_t *ret);
