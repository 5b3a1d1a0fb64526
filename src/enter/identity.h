/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* identity: the user that something is run as in a machine, and what every user has: an environment, and a shell. */
#pragma once

#include "base/error.h"
#include "base/strings.h"

struct guest;
struct user;

/* NAME out of the files of the tree ROOT_FD; NULL stands for root. -ESRCH: they do not have it. */
int identity_find(int root_fd, const char *name, struct user *ret, struct error **err);

/* NAME as the machine's getent(1) knows it, asked under CONFINE(DATA). The caller is inside. */
int identity_ask(const struct guest *guest, const char *name, int (*confine)(void *data), void *data, struct user *ret,
                 struct error **err);

/* PATH, HOME, USER, LOGNAME and SHELL, then ADDED. */
void identity_environment(const struct user *user, const struct strings *added, struct strings *ret);

/* Becomes USER's shell as a login shell: the one of its account, else /bin/sh. Returns only on failure, with -ENOENT
 * when there is none. */
int identity_exec_shell(const struct user *user, const struct strings *environment, struct error **err);

/* Ids and groups of USER, and nothing else: for the host. */
int identity_become(const struct user *user, struct error **err);
