/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy_tree: a directory tree once more, with everything that belongs to it.
 *
 * Content shares blocks with the original where the file system can (reflink), is copied otherwise, holes stay holes.
 * Owners, modes, times, extended attributes, ACLs, file capabilities, hard links, devices, pipes and sockets are kept;
 * the immutable flag of a read-only image is not. What is mounted below the tree is left out: an empty directory or
 * file stands for it. Nested btrfs subvolumes become plain directories.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct owner_change;
struct tree_maker;

struct tree_copy {
    dev_t skip_dev;             /* a directory to leave out (the destination, when it lies inside the tree); */
    ino_t skip_ino;             /* 0: none */
    int stop_fd;                /* readable: give up with -EINTR; -1: none */
    const struct owner_change *owners;  /* what owners become; NULL: they stay */
    const struct tree_maker *maker;     /* as whom this process makes files (setfsuid(2)); NULL: its effective ids */
    size_t *left_out;           /* not NULL: devices and sockets are left out, and counted there */
};

struct tree_maker {
    uid_t uid;
    gid_t gid;
};

/* One thing of any kind, open as FROM_FD (O_PATH will do, with O_NOFOLLOW for a link itself), to NAME of TO_DIR_FD,
 * where nothing must be yet. -EOPNOTSUPP for what HOW leaves out. */
int tree_copy_entry(int from_fd, int to_dir_fd, const char *name, const struct tree_copy *how, struct error **err);

/* Copies what is below FROM_FD, and its own attributes, into the empty directory TO_FD (which nobody else can enter
 * until its attributes are set, last of all). FROM_FD may be an O_PATH descriptor. The umask of the process is 0
 * meanwhile. */
int tree_copy(int from_fd, int to_fd, const struct tree_copy *how, struct error **err);

/* The content of one file into another, empty one: by reflink where that can be (*ret_shared), else by copying what is
 * not a hole. 0 or a negative errno; -EINTR when STOP_FD (-1: none) became readable. */
int file_copy_content(int from_fd, int to_fd, int stop_fd, bool *ret_shared);
/* Whether files of the directory DIR_FD can share blocks. Makes two files there and removes them. */
bool reflink_is_possible(int dir_fd);
