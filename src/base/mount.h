/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount: making, cloning and attaching mounts (the mount API of Linux 5.2, mount_setattr of 5.12).
 * A detached mount is an fd that no path leads to; it lives as long as the fd, or until attached.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct mount_option {
    const char *key;
    const char *value;          /* NULL: a flag */
};

/* A new detached instance of file system TYPE. ATTRIBUTES: MOUNT_ATTR_*. Options with a NULL key are skipped; "source"
 * is the device, TYPE where there is none. Returns the fd. The kernel's own words from the file system context are part
 * of the error. */
int mount_new(const char *type, const struct mount_option *options, size_t n, unsigned attributes, struct error **err);

/* A detached copy of what is mounted at PATH (relative to DIR_FD; "" for the fd itself). Returns the fd. */
int mount_clone(int dir_fd, const char *path, bool recursive, struct error **err);

/* Sets and clears MOUNT_ATTR_* of a mount fd. */
int mount_change(int fd, unsigned long set, unsigned long clear, bool recursive, struct error **err);

/* Makes the file system of a mount fd read-only, whoever mounts it elsewhere. */
int mount_freeze(int fd, struct error **err);

/* Sets MOUNT_ATTR_* of the mount at PATH and of all below it. For the child, as mount_plain(). */
int mount_protect(const char *path, unsigned long set, struct error **err);

/* Puts a detached mount on TARGET_FD (an fd of a directory or file). WHAT names it in the error. */
int mount_attach(int fd, int target_fd, const char *what, struct error **err);

/* mount(2) with an error: for the child, after pivot_root, where paths are the container's own. */
int mount_plain(const char *source, const char *target, const char *type, unsigned long flags, const char *options,
                struct error **err);
