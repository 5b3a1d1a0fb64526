/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sandbox: what a worker gives up before it looks at the first byte from outside.
 *
 * It sees one directory, as its root, or none at all; it holds the few capabilities that its kind of work needs, inside
 * that root; and a filter lets it call what reading, unpacking or fetching takes. No program can be started and nothing
 * mounted, traced or loaded. What stays open are the descriptors it was given.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum sandbox_kind {
    SANDBOX_COMPUTE,            /* bytes in, bytes out: it can open nothing */
    SANDBOX_PACK,               /* reads a whole tree, whoever owns what */
    SANDBOX_UNPACK,             /* makes a tree with any owners, devices, capabilities and attributes */
    SANDBOX_FETCH,              /* speaks over the network; reads the host's resolver settings and certificates */
};

/* The user and group nobody, without root's other groups. Who is not root stays who it is: there is nothing to lose
 * then. So does the root of a user namespace that has no nobody. */
int sandbox_become_nobody(struct error **err);

/* Goes in, for good. ROOT_FD becomes the root (for PACK and UNPACK), whose owners are those of the user namespace
 * USERNS_FD (-1: of this one). Called before the first thread is made. */
int sandbox_enter(enum sandbox_kind kind, int root_fd, int userns_fd, struct error **err);
