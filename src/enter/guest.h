/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest: a running machine as seen by who is about to enter it, or the host itself, which is a machine named ".host".
 *
 * A process is named by a pidfd from the first moment on, and the pidfd is compared with what the supervisor wrote
 * down, so that a pid that was given to another process is never entered by mistake.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/spec.h"
#include "machine/registry.h"

struct guest {
    struct machine_state state;
    bool is_host;
    bool has_userns;            /* a user namespace that is not ours */
    int leader_fd;              /* pidfd of its PID 1; -1 for the host */
    int root_fd;                /* O_PATH: its root directory */
    int cgroup_fd;              /* O_PATH: the payload's; -1: none is known, or the host's */
    struct spec confinement;    /* what its processes may do; nothing else of it is set */
};

/* All empty: for guest_done(), whatever happens. */
#define GUEST_EMPTY {.leader_fd = -1, .root_fd = -1, .cgroup_fd = -1}

/* NULL, "" and ".host" name the host. -ENXIO: no such machine runs. *RET is to be GUEST_EMPTY. */
int guest_open(const struct registry *registry, const char *name, struct guest *ret, struct error **err);

/* Its leader has not died since it was opened: what was found by its pid was its own. */
bool guest_is_alive(const struct guest *guest);

const char *guest_name(const struct guest *guest);

/* The host's number for the id INSIDE of the guest. -ERANGE with an error for one that has none. */
int guest_host_id(const struct guest *guest, const char *map, uint32_t inside, uint32_t *ret, struct error **err);
#define GUEST_UIDS "uid_map"
#define GUEST_GIDS "gid_map"

void guest_done(struct guest *guest);
