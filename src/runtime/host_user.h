/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_user: one account of the host with what a container may learn of it, from the host's files or its getent(1). */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"

struct host_user {
    uid_t uid;
    gid_t gid;
    char *real_name;            /* first part of the comment field; NULL when empty */
    char *home;                 /* as the account has it; "" when it has none */
    char *shell;                /* NULL: none */
    char *password;             /* hash; NULL: not known */
};

/* Looks NAME up on the host whose root directory is HOST_FD. -ESRCH with the reference's words when nobody knows it. */
int host_user_find(int host_fd, const char *name, struct host_user *ret, struct error **err);

/* Adds the lines of .ssh/authorized_keys in HOME_FD. The file is its user's to change, so it is not followed out of the
 * home, must be owned by UID (or be a plain file of root's), and is read up to a limit. A missing one is no failure. */
void host_user_read_keys(int home_fd, uid_t uid, struct strings *keys);

void host_user_done(struct host_user *user);
