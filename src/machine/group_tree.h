/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* group_tree: a control group with its processes and the groups below, as it is at this moment. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct group_process {
    pid_t pid;
    char *command;              /* its arguments, parted by blanks and printable; "[name]" where it has none */
};

struct group_tree {
    char *name;                 /* last component of its path, printable */
    struct group_process *process;      /* by pid */
    size_t n_processes;
    struct group_tree *child;   /* by name; those with nobody in them are left out */
    size_t n_children;
};

/* Reads the group at PATH. Empty where there is none. Bounded in depth and width, since a container's owner makes the
 * groups below its own. */
void group_tree_read(const char *path, struct group_tree *ret);
void group_tree_done(struct group_tree *tree);
