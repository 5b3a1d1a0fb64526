/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bind: files and folders of the host that appear in a running machine, and disappear again.
 *
 * A clone of the host's mount, detached, is mapped to the machine's ids where it has a user namespace (files of user
 * 1000 are those of user 1000 in there, too), and put in its place by a visitor. Programs of the machine's that have a
 * mount namespace of their own see it as far as its mounts are shared with theirs.
 *
 * What was bound is written down in the machine's folder of the registry, in the file "binds": a line for each, with
 * source and target. The mounts themselves end with the machine, and the file with its folder.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "machine/registry.h"

struct guest;

struct bind_mount {
    char *source;               /* absolute, on the host */
    char *target;               /* absolute, in the machine */
    bool read_only;
};

struct bind_mounts {
    struct bind_mount *item;
    size_t count;
};

/* MAKE: the target, a folder or an empty file, with its parents, where missing. */
int bind_add(const struct registry *registry, const struct guest *guest, const struct bind_mount *bind, bool make,
             struct error **err);

/* Takes the topmost mount at TARGET away; -ENOENT when it is none that bind_add() made. Programs that have something
 * open there keep it. */
int bind_remove(const struct registry *registry, const struct guest *guest, const char *target, struct error **err);

/* Those that are there now, in the order in which they were made. */
int bind_list(const struct registry *registry, const struct guest *guest, struct bind_mounts *ret, struct error **err);

void bind_mounts_done(struct bind_mounts *binds);
