/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * overlay: a detached overlay mount over directories given by descriptor, each of them id-mapped where asked.
 *
 * overlayfs cannot be id-mapped itself, its layers can (lower ones since Linux 5.19 and upper ones too). The result is
 * a mount descriptor for move_mount(2); nothing appears in the host's mount table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct overlay {
    const int *lower_fds;       /* directories or detached mounts, lowest first; two at least when there is no upper */
    size_t n_lowers;
    int top_fd;                 /* a directory that holds the two below; -1: a read-only overlay */
    const char *upper, *work;   /* relative to TOP_FD; work is used by the kernel alone, and empty */
    int userns_fd;              /* how each layer's ids are mapped (idmap.h); -1: as they are */
    bool discard;               /* nobody needs the upper layer afterwards: never wait for the disk */
    const char *redirect_dir;   /* option of overlayfs: "on" lets directories of lower layers be renamed; or NULL */
    bool metadata_only;         /* a change of owner or mode copies no content up (trusted layers only) */
    bool index;                 /* nobody else uses the upper layer (-EBUSY), and names of one file stay together */
    bool shared;                /* the upper layer belongs to another overlay mount, which nobody uses meanwhile */
    bool user_attributes;       /* made in a user namespace: keep overlay's notes in user.* attributes */
    bool in_namespace;          /* attach the layers in a mount namespace of their own, as kernels before 6.15 need it;
                                   done by itself where need be, so only tests set it */
};

/* How many layers a tree should have at most: the kernel takes 500, before Linux 6.7 as many as their names fit into
 * 256 bytes, and every name that is looked up costs a look into each. */
size_t overlay_layers_max(void);

/* Gives a detached mount. A lower layer may be an overlay itself, which is mapped by its own layers. The layers may
 * be closed afterwards; one that was itself a detached mount may be good for nothing else then. -EINVAL also where
 * the file system of a layer cannot be mapped, or cannot hold an upper layer. */
int overlay_mount(const struct overlay *overlay, int *ret_mount_fd, struct error **err);
