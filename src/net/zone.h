/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zone: a bridge that is there as long as a container has a port in it.
 *
 * The first container makes it and the last one removes it, whichever they are, so both act under one lock: else a
 * bridge found empty could get a port just before it is removed.
 */
#pragma once

#include "net/link.h"

struct zone_lock {
    int fd;                     /* -1: not held */
};

/* Waits for others, who hold it for a few requests to the kernel only. */
int zone_lock_take(struct zone_lock *lock, struct error **err);
void zone_lock_done(struct zone_lock *lock);

/* Finds the bridge NAME ("vz-…") or makes it, with the address MAC from the start: so it gets its carrier once, and a
 * service that looks after it need not begin anew (link_make_bridge()). Under the lock, which is to be kept until the
 * port is there. */
int zone_open(struct netlink *netlink, const char *name, struct mac mac, struct link *ret, struct error **err);

/* Removes the bridge NAME when it has no ports; takes the lock. One that is no bridge, or not there, stays as it is. */
int zone_release(struct netlink *netlink, const char *name, struct error **err);
