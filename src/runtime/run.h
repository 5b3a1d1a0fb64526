/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run: one container, from a spec to an exit status. The one door into this folder.
 *
 * The calling process becomes the container's supervisor: it takes locks, prepares mounts, starts the payload in its
 * own namespaces, and stays until the payload is gone. What a run asks of its host beyond the kernel (a place in the
 * registry, a scope of the service manager) it asks through struct run_host, which main() fills.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/id128.h"
#include "config/spec.h"

struct undo;

/* What became known of a container when it started; for the registry and the service manager. */
struct run_facts {
    const char *name;
    const char *root;           /* path on the host, NULL where there is none */
    const char *service;        /* value of container= */
    struct id128 uuid;
    pid_t leader;
    int leader_pidfd;
    const char *cgroup;         /* payload's, below the cgroup2 mount */
    const int *netif;           /* host-side interface indexes */
    size_t n_netif;
    const char *network;        /* "own", "host", or NULL: that of a path */
};

/* How a payload ended. */
enum run_ending_kind { RUN_EXITED, RUN_KILLED, RUN_POWERED_OFF, RUN_REBOOTED };
struct run_ending {
    enum run_ending_kind kind;
    int number;                 /* exit status, or signal */
    bool was_asked;             /* somebody wanted it to end */
};

/* What a run asks of its host. Every member may be NULL: then nothing is asked. */
struct run_host {
    void *data;

    /* Takes NAME for this run and gives the list that undo records go to. -EBUSY when a machine NAME runs. */
    int (*claim)(void *data, const char *name, struct undo **ret_undo, struct error **err);

    /* Asks the service manager for a scope with LEADER in it. Gives the path of its cgroup. */
    int (*allocate_scope)(void *data, const struct spec *spec, pid_t leader, char **ret_cgroup, struct error **err);

    /* Makes the socket over which the machine's supervisor can be spoken to, and listens; gone with withdraw(). */
    int (*listen)(void *data, int *ret_fd, struct error **err);

    /* Makes the machine known: to redd's own list always, to others unless --register=no. A failure is fatal only with
     * --register=yes. */
    int (*announce)(void *data, const struct spec *spec, const struct run_facts *facts, struct error **err);

    /* Undoes what was recorded since the list had MARK records: between two boots of one container. */
    void (*unwind)(void *data, struct undo *undo, size_t mark);

    /* The payload ended, and is not booted again by this run. */
    void (*ended)(void *data, const struct run_ending *ending);

    /* The console has written TOTAL bytes to standard output by now. */
    void (*console_wrote)(void *data, uint64_t total);

    /* The container is gone: forget it. Runs the undo list and frees it. */
    void (*withdraw)(void *data, const char *name, struct undo *undo);

    /* The memory of argv, which the stub init takes for its own title; NULL: none. */
    char *title;
    size_t title_size;
};

/* Runs SPEC to its end. *ret_status is the exit status of the whole program: the payload's own, 0 after a power-off,
 * 133 after a reboot with --keep-unit (nspawn's contract for its unit), 1 when the payload died of a signal.
 * An error means that the payload never ran. */
int container_run(const struct spec *spec, const struct run_host *host, int *ret_status, struct error **err);

/* Prints the plan for SPEC to FD, one step a line, doing nothing. */
int plan_explain(const struct spec *spec, int fd);

/* --cleanup: removes what a dead run of SPEC's machine left. */
int container_cleanup(const struct spec *spec, const struct run_host *host, struct error **err);
