/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bind_parse: what is to be mounted into the container, as text: --bind=, --tmpfs=, --overlay=, --inaccessible=.
 *
 * Colons part the pieces, `\:` is a colon and `\\` a backslash. A source that begins with "+" lies in the container's
 * own tree; an empty one is a fresh temporary directory of the host. Sources of the host are made absolute against
 * the working directory; targets have to be absolute and keep their "..", which is resolved inside the tree.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/spec.h"

/* SOURCE[:TARGET[:OPTION,…]]; options are rbind, norbind, idmap, noidmap, rootidmap, owneridmap. */
int bind_parse(const char *text, bool read_only, struct mount_request *ret, struct error **err);

/* TARGET[:OPTIONS]; what the options mean is for the kernel to say. */
int tmpfs_parse(const char *text, struct mount_request *ret, struct error **err);

/* LOWER:[…:]UPPER:TARGET, or LOWER:UPPER where UPPER is the target too. */
int overlay_parse(const char *text, bool read_only, struct mount_request *ret, struct error **err);

/* TARGET, no escapes. */
int inaccessible_parse(const char *text, struct mount_request *ret, struct error **err);

void mount_request_done(struct mount_request *request);
