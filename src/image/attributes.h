/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attributes: all of an inode but its content: owner, mode, extended attributes (ACLs and file capabilities are among
 * them) and times, carried from one inode to another in the order in which the kernel does not undo any.
 */
#pragma once

#include <sys/stat.h>

struct owner_change;

/* What a fresh inode has before anything is copied to it: calls that would change nothing are saved. */
struct created {
    uid_t uid;
    gid_t gid;
    mode_t mode;
    const struct owner_change *owners;  /* what owners become with the copy; NULL: they stay */
};

/* From an open file or directory to another; ST is what fstat() says of FROM_FD, NOW what TO_FD has. Returns 0 or a
 * negative errno: -EOPNOTSUPP when the target cannot keep an ACL or a file capability; other attributes it cannot keep
 * are passed over. */
int attributes_copy(int from_fd, int to_fd, const struct stat *st, struct created now);

/* The same for NAME in two directories, not following symbolic links: for links, devices, pipes and sockets. */
int attributes_copy_at(int from_dir_fd, int to_dir_fd, const char *name, const struct stat *st, struct created now);

/* Takes away the ACLs a new directory inherits from its parent. 0 or a negative errno. */
int attributes_remove_acl(int fd);
