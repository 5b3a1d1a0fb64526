/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pty: a pseudo terminal out of the container's own devpts, so that /dev/pts/0 exists inside.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* Opens a pty in the devpts mount DEVPTS_FD (its root; it need not be attached anywhere) and gives both ends: the
 * master non-blocking, the peer (what the container gets as its console) blocking, nobody's controlling terminal.
 * The first one opened is number 0. The peer belongs to UID:GID (host ids) with mode 0600. */
int pty_open(int devpts_fd, uid_t uid, gid_t gid, int *ret_master_fd, int *ret_peer_fd, struct error **err);

/* One more descriptor for the other end of MASTER_FD, found without any path name. Gives it, or a negative errno. */
int pty_open_peer(int master_fd);
