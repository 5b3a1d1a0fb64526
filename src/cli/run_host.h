/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_host: what a run asks of its host (runtime/run.h), answered by the registry folder and the service manager. */
#pragma once

#include "cli/background.h"
#include "machine/registry.h"
#include "runtime/run.h"

struct run_host_state {
    struct registry registry;
    struct machine_claim claim;
    bool is_claimed;
    struct background *background;
    bool has_systemd;           /* it is the service manager of this host */
};

/* Fills STATE and gives the functions over it. ARGV is the memory that a stub init may take for its title: all of what
 * ps(1) would show, or the container could read there what the host calls us. */
struct run_host run_host_of(struct run_host_state *state, struct background *background, char **argv, int argc);

/* The registry of this host with all kinds of undo that redd knows. */
struct registry host_registry(void);
