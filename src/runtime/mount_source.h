/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mount_source: the host's side of --bind and --overlay, made ready as detached mounts by the supervisor. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct run;
struct mount_request;

/* Gives a detached mount of the source of a --bind, flags and id mapping applied. */
int bind_source_open(struct run *run, const struct mount_request *request, int *ret_fd, bool *ret_directory,
                     struct error **err);

/* Gives a detached overlay of the sources of an --overlay. */
int overlay_source_open(struct run *run, const struct mount_request *request, int *ret_fd, struct error **err);

/* Makes a folder below /var/tmp for the run (source given as ""), owned by the container's root, with an undo
 * record. Gives the path of the folder "src" in it. */
int temporary_source_make(struct run *run, char **ret_path, struct error **err);
