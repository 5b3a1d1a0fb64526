/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapped_tree: a mount of a tree in which the owners on disk show as those of a container, whatever the tree lies on.
 *
 * Most file systems map by themselves. An overlay mount does not; where its layers can be reached by the names they
 * were mounted under, the same overlay is mounted once more on mapped layers. Both then write to one upper layer, so
 * nobody may use the original meanwhile: the image's lock (lock.h) sees to that between containers.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"
#include "image/mount_entry.h"

/* Gives a detached mount of the tree (O_PATH will do) with all that is mounted below it, mapped by the user namespace
 * USERNS_FD (idmap.h). Mounts below a tree that cannot be mapped show their owners as they are; below an overlay
 * they are left out. -EINVAL when there is no way; the error says why. */
int tree_mount_mapped(int tree_fd, int userns_fd, int *ret_mount_fd, struct error **err);

/* The same as a lower layer of an overlay, which is only read and shows nothing that is mounted below: of a tree
 * that is an overlay itself, all layers are read, and none is shared with a writer. TREE_FD may be a detached
 * mount, which is used up. */
int tree_mount_mapped_layer(int tree_fd, int userns_fd, int *ret_mount_fd, struct error **err);

/* The paths of an overlay's layers, taken from its mount options. */
struct overlay_paths {
    struct strings lowers;      /* lowest first */
    char *upper, *work;         /* NULL: read-only */
};

/* -EINVAL with the reason when a layer's name does not lead to it from here. */
int overlay_paths_read(const struct mount_entry *entry, struct overlay_paths *ret, struct error **err);
void overlay_paths_done(struct overlay_paths *paths);
