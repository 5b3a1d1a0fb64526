/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hold_still: a running machine whose processes are frozen for a moment, so that what is on its disk is one moment's.
 *
 * A child of the caller waits beside it and lets the machine go on should the caller die.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "machine/registry.h"

struct still_machine {
    char *name;                 /* NULL: none is held */
    char *freezer;              /* path of the file that freezes its control group */
    pid_t leader;               /* its first process */
    int leash_fd;               /* closed: the child thaws, and ends */
    pid_t child;
};

/* Freezes the machine that runs from the tree or image ROOT. -ENXIO: none does; -EOPNOTSUPP: its processes cannot be
 * frozen here; -ETIMEDOUT. */
int machine_hold_still(const struct registry *registry, const char *root, struct still_machine *ret,
                       struct error **err);
void machine_let_go(struct still_machine *machine);

/* The name of the machine that runs from ROOT, NULL when none does. Gives. */
char *machine_running_from(const struct registry *registry, const char *root);
