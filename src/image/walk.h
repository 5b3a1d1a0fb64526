/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * walk: every entry of a directory tree, once, without recursion and with few descriptors.
 *
 * The tree may belong to an enemy and be changed meanwhile: symbolic links are never followed, mounts below the root
 * are not entered, a tree deeper than the limit of open files is no obstacle, and a directory that was moved away
 * while we were below it ends the walk with -ESTALE rather than leading it elsewhere.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* What a walk calls. Every function may be NULL, and ends the walk by returning a negative errno. */
struct walk_calls {
    /* Anything but a directory. TYPE is a DT_ value, never DT_UNKNOWN or DT_DIR. */
    int (*file)(void *context, int dir_fd, const char *name, unsigned char type);
    /* A directory before its entries. FD is open for reading. WALK_SKIP: leave it out, leave() included. */
    int (*enter)(void *context, int dir_fd, const char *name, int fd);
    /* The same directory after all below it. */
    int (*leave)(void *context, int dir_fd, const char *name, int fd);
    /* A directory that could not be opened for REASON (positive errno; EXDEV: something is mounted there). When NULL,
     * mount points and what has vanished are passed over, and everything else ends the walk. */
    int (*closed)(void *context, int dir_fd, const char *name, int reason);
};

enum { WALK_SKIP = 1 };

/* Visits all below ROOT_FD (which stays open, and is not itself passed to any call): in each directory first what
 * is not a directory, then its directories, one after another. Returns 0 or a negative errno; then *ret_where, when
 * RET_WHERE is not NULL, is the path of the entry in question relative to the root, for the error text; give it
 * free(). */
int walk_tree(int root_fd, const struct walk_calls *calls, void *context, char **ret_where);

/* Descriptors of a chain of nested directories, of which only the deepest are kept open: the others are found again
 * through "..", and compared with what they were. */
struct dir_level {
    int fd;             /* -1: closed for now */
    dev_t dev;
    ino_t ino;
};
struct dir_stack {
    struct dir_level *level;
    size_t count;
};

int dir_stack_push(struct dir_stack *stack, int fd);    /* takes FD, also on failure; 0 or a negative errno */
/* Takes the top off and opens the next where need be. The top's descriptor goes to *ret_fd, or is closed when RET_FD
 * is NULL. 0 or a negative errno; the top is off in any case. */
int dir_stack_pop(struct dir_stack *stack, int *ret_fd);
int dir_stack_top(const struct dir_stack *stack);       /* the open descriptor of the top */
void dir_stack_done(struct dir_stack *stack);
