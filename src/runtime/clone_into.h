/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clone_into: clone() whose child is born in a cgroup (Linux 5.7).
 *
 * A process that moves to a cgroup by writing its number waits until every processor has been through a grace period
 * of the kernel, 5 to 30 ms for a start that comes alone; one that is made there waits for nothing.
 */
#pragma once

#include <sys/types.h>

/* As clone(2) with CLONE_PIDFD: FUNCTION(DATA) runs on the STACK of SIZE bytes (from its lowest address) and must not
 * return. The pid, or a negative errno; -ENOSYS also on processors that this is not written for. */
pid_t clone_into(int (*function)(void *data), void *stack, size_t size, int flags, int cgroup_fd, void *data,
                 int *ret_pidfd);
