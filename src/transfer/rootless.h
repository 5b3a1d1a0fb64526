/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rootless: transfers of a plain user, who has a range of 65536 ids in /etc/subuid and /etc/subgid.
 *
 * The program becomes root of a user namespace in which 0 is the user and 1 to 65536 are the range; whoever unpacks or
 * packs a tree is in one below it, in which 0 to 65535 are the range. So what is root's in an archive belongs to the
 * first id of the range on disk, and the tree is one that was shifted to it: the host's root can run it as it is.
 */
#pragma once

#include "base/error.h"

/* Enters the first and gives a descriptor of the second. R5195: there is no range, or no newuidmap(1). */
int rootless_enter(int *ret_userns_fd, struct error **err);

/* Goes into the second one, as its root. */
int rootless_become_root_of(int userns_fd, struct error **err);
