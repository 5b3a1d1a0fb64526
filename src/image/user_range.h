/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * user_range: the ids that a plain user has besides his own, in /etc/subuid and /etc/subgid, and how he comes to act
 * for them: in a user namespace, whose map newuidmap(1) and newgidmap(1) write.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define USER_RANGE_SIZE 65536u

struct user_range {
    uint32_t uids, gids;        /* the first ones; USER_RANGE_SIZE of each */
};

/* NAME may be NULL: then it is looked up in /etc/passwd as text. False: the user has no range, or a smaller one. */
bool user_range_find(const char *name, struct user_range *ret);

/* Whether ID is the first of somebody's range of users. */
bool user_range_starts_at(uint32_t id);

/* Whether newuidmap and newgidmap are to be found. */
bool user_range_has_mappers(void);

/* The process enters a user namespace with all capabilities over what belongs to the user or the range. AS_ROOT: 0 is
 * the user in it and 1 to 65536 are the range; otherwise all ids are what they were.
 * -EPERM: the kernel does not let users make such namespaces. -EACCES: the maps were not written; the process is in the
 * namespace, and of no use any more. */
int user_range_enter(const struct user_range *range, bool as_root);
