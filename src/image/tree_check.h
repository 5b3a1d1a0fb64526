/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree_check: is this directory an operating system's tree, and can a container run from it?
 *
 * Refusals use the words callers of the reference look for; what can be done about it is in the hint. These checks are
 * on the way of every start: a few system calls, no file is read.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* What the run wants of its tree. */
struct tree_needs {
    const char *pivot_root_new; /* checked in place of the top; NULL: none */
    bool boot;                  /* an init is to be started: it must be a whole system */
    bool os_release;            /* … which shows in an os-release file */
    bool merged_usr;            /* --volatile=yes: everything but /usr is made anew */
    bool host_root_allowed;     /* --ephemeral, --volatile=yes or state */
};

/* Gives an O_PATH descriptor of the directory PATH. */
int tree_open(const char *path, int *ret_fd, struct error **err);

int tree_check(int tree_fd, const char *path, const struct tree_needs *needs, struct error **err);

bool tree_is_host_root(int tree_fd);

/* Refuses a tree on a mount that forbids what nobody can do without: programs (noexec). The refusal names the mount. */
int tree_check_mount(int tree_fd, const char *path, struct error **err);

/* The tree lies on a mount where set-user-id programs and file capabilities mean nothing. Gives *ret_mount_point for a
 * remark when true. */
bool tree_is_nosuid(int tree_fd, char **ret_mount_point);
