/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dm: block devices that the kernel's device mapper makes of others, by its ioctls on /dev/mapper/control; one target
 * over the whole of each.
 *
 * A device removes itself when nobody has it open or mounted any more (deferred removal), as loop devices do. That can
 * be asked for only once it exists, so until then an undo record remembers it; of those who have no list, the next one
 * who makes a device removes what they left.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"

struct undo;

struct dm_device {
    int fd;                     /* keeps the device; -1: none */
    char path[32];              /* "/dev/dm-3" */
};

#define DM_NONE {.fd = -1}

/* Makes a read-only device of SIZE bytes of TARGET with PARAMETERS, those of the target's line in a table. UNDO NULL:
 * the caller ends at once when it fails. -ENOSYS where the kernel has no device mapper, -EINVAL where it has not the
 * target or does not accept the parameters. */
int dm_create(const char *target, const char *parameters, uint64_t size, struct undo *undo, struct dm_device *ret,
              struct error **err);

void dm_done(struct dm_device *device);

/* Undo kind "remove-dm NAME". */
int undo_dm(const struct strings *args, struct error **err);
