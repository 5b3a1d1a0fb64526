/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place: putting one file of ours at a path inside the container's tree, for the small files of the host that a
 * container gets (resolver, time zone). ROOT_FD is the container's root directory. Nothing here leaves the tree, opens
 * a device or waits for a fifo, whatever lies at PATH. 0 or a negative errno where there is no error object.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "base/kernel.h"

/* How files of the host are bound: nobody inside writes to them. */
#define PLACE_BIND_FLAGS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* Writes TEXT into the regular file at PATH, which keeps its owner and mode, or makes it (0644, with its folder). A
 * file that holds TEXT already is left alone. -ELOOP when a symbolic link is there, -EISDIR or -EEXIST when
 * something else is. */
int place_copy(int root_fd, const char *path, const char *text, size_t size, const struct timespec *modified);

/* Puts a new file (0644) in the place of whatever is at PATH, a folder excepted (-EISDIR). */
int place_replace(int root_fd, const char *path, const char *text, size_t size, const struct timespec *modified);

/* Puts a symbolic link to TARGET in the place of whatever is at PATH, a folder excepted (-EISDIR). */
int place_link(int root_fd, const char *path, const char *target);

/* What is at PATH is a symbolic link with just this TARGET. */
bool place_is_link(int root_fd, const char *path, const char *target);

/* Removes what is at PATH; nothing there is success. */
int place_delete(int root_fd, const char *path);

/* Attaches the detached mount of a file over PATH, which is made (empty) if missing. FOLLOW: what a symbolic link at
 * PATH leads to, inside the tree; else the link itself is covered. */
int place_bind(int root_fd, const char *path, bool follow, int mount_fd, struct error **err);
