/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * user: who the payload runs as (--uid): a name or a number, looked up in the container's own accounts.
 * For the container's child, after its mounts are in place.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct getent_guard;

struct user {
    uid_t uid;
    gid_t gid;
    gid_t *groups;              /* supplementary ones, without the primary */
    size_t n_groups;
    char *name;
    char *home;                 /* absolute; "/" when the account has none */
    char *shell;                /* NULL when the account names none */
};

/* NAME stands for root in itself: NULL, "root" or 0. */
bool user_is_root(const char *name);

/* Looks NAME up in /etc/passwd and /etc/group of the tree ROOT_FD. What user_is_root()
 * accepts needs no file: it has the home /root. -ESRCH with "Failed to resolve user NAME." when the files do not have
 * it. */
int user_resolve(int root_fd, const char *name, struct user *ret, struct error **err);

/* What the files of the tree say of root, where they do: its home and its shell. */
void user_read_root(int root_fd, struct user *user);

/* As user_resolve(), by running the container's getent(1): for the names its files do not have. The caller is in the
 * container. Slow (some milliseconds). -ESRCH with the same words when it is not known there either. */
int user_resolve_by_getent(int root_fd, const char *name, const struct getent_guard *guard, struct user *ret,
                           struct error **err);

/* Adds the groups of /etc/group in ROOT_FD that list NAME as a member. 0 or a negative errno. */
int user_add_groups(struct user *user, int root_fd, const char *name);

/* Adds the group called NAME in /etc/group of ROOT_FD, if there is one. 0 or a negative errno. */
int user_add_group_by_name(struct user *user, int root_fd, const char *name);

void user_done(struct user *user);
