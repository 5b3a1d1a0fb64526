/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * journal: the container's journal where `journalctl -m` of the host finds it (--link-journal): /var/log/journal/ID
 * of the host is bound into the container (host), or is a link into its tree (guest). ID is the container's machine id.
 *
 * With `host` the container's root writes files of its own choice into a folder of the host, which others may read:
 * it is for containers one trusts about as much as a local user. With `guest` readers on the host follow a
 * link into the container's tree.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/id128.h"
#include "config/spec.h"

struct journal_link {
    char *directory;            /* /var/log/journal/ID, to be made in the container; NULL: nothing to do */
    int mount_fd;               /* what goes on it, detached; -1: nothing */
};

/* The mode promises a link: a failure of the host half is fatal then, and worth a warning otherwise. One of the
 * container half is fatal for JOURNAL_HOST only. */
bool journal_mode_is_required(enum journal_mode mode);

/* Host half. HOST_FD is the host's root directory, TREE_PATH the container's tree on the host (NULL: it has no lasting
 * path, as a disk image has not), USERNS_FD a user namespace with the container's map, -1 without one.
 * Makes the host's folder or link, which stay. `auto` and the try- modes do nothing, without an error, where the
 * host keeps no journal on disk, where host and container have one machine id, and (try-) for a tree that is thrown
 * away. A failure leaves *RET as "do nothing". */
int journal_prepare(const struct spec *spec, int host_fd, struct id128 machine_id, const char *tree_path, int userns_fd,
                    struct journal_link *ret, struct error **err);

/* Container half: ROOT_FD is the container's root directory. */
int journal_apply(const struct journal_link *journal, int root_fd, struct error **err);

void journal_done(struct journal_link *journal);
