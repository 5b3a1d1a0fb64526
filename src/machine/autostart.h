/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * autostart: which machines are to start with the host. One list on all hosts, the links that systemctl(1) makes:
 *
 *     /etc/systemd/system/machines.target.wants/systemd-nspawn@web.service
 *
 * and beside them, of machines that need others, a drop-in of the unit with their After= and Requires=.
 *
 * Where systemd is the first process it reads them itself; elsewhere `redd autostart` does. So a machine stays enabled
 * when the host's init is exchanged, and both ways of enabling mean the same.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"
#include "machine/order.h"

#define AUTOSTART_ROOT "/etc/systemd/system"

/* What was done, for people: "Created symlink '…' → '…'.", "Removed '…'.". */
struct autostart_changes {
    struct strings lines;
};

/* ROOT is AUTOSTART_ROOT but in tests. WITH_TARGET: machines.target, which wants them, is enabled too. What is so
 * already is no change. */
int autostart_enable(const char *root, const char *name, bool with_target, struct autostart_changes *changes,
                     struct error **err);
int autostart_disable(const char *root, const char *name, struct autostart_changes *changes, struct error **err);

/* What a machine needs of others, for systemd: a drop-in of its unit, in ROOT/systemd-nspawn@NAME.service.d. Made,
 * changed, or removed where NODE needs nothing (any more). */
int autostart_write_order(const char *root, const struct order_node *node, struct autostart_changes *changes,
                          struct error **err);

/* The names, sorted. */
int autostart_list(const char *root, struct strings *ret, struct error **err);
