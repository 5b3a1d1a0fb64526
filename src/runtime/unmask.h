/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unmask: a look at /proc and /sys that hides nothing, for the moment in which a child with a user namespace is made.
 *
 * The kernel lets such a child mount a procfs or sysfs of its own only if its mount namespace, a copy of ours, has one
 * that is not covered in parts. A host that is itself a container covers parts of both. So there the supervisor makes
 * the child out of a mount namespace with fresh ones, and goes home.
 */
#pragma once

#include "base/error.h"

struct run;

/* Where we were. */
struct unmasked {
    int home_fd, root_fd, folder_fd;    /* -1: we never left */
};
#define UNMASKED_NOT {.home_fd = -1, .root_fd = -1, .folder_fd = -1}

/* Does nothing where nothing is covered. Where it cannot be helped the child says what is wrong. */
void unmask(struct unmasked *ret);

/* Back home. */
int unmask_end(struct unmasked *unmasked, struct error **err);
