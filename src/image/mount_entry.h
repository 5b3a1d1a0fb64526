/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mount_entry: what /proc/self/mountinfo says of the mount that a descriptor lies on. For error texts and for taking
 * overlay mounts apart; nothing on the usual way of a start reads it. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"

struct mount_entry {
    char *device;               /* "98:0"; of btrfs, another number than files there have */
    char *root;                 /* the part of the file system that is mounted: "/" for all of it */
    char *mount_point;
    char *type;                 /* "ext4" */
    struct strings options;     /* of the mount: "ro", "nosuid" … */
    struct strings super_options;       /* of the file system: "rw", "lowerdir=/a:/b" …, escapes undone */
};

/* Gives the entry of the mount FD lies on; -ENOENT when that is not in the table (detached mounts are not). */
int mount_entry_of(int fd, struct mount_entry *ret, struct error **err);

/* Reads one line of SIZE bytes, without its newline; sets *ret_id to the mount's number. -EINVAL. */
int mount_entry_parse(const char *line, size_t size, struct mount_entry *ret, int *ret_id);

/* The value of NAME=VALUE among the options of the file system, or NULL. */
const char *mount_entry_option(const struct mount_entry *entry, const char *name);

void mount_entry_done(struct mount_entry *entry);
