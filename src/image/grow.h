/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* grow: a mounted file system made as large as the device under it. */
#pragma once

#include <stdint.h>

#include "image/file_system.h"

/* MOUNT_FD (O_PATH will do) lies on a writable file system of kind CONTENT; DEVICE_SIZE is in bytes. What cannot be
 * grown, or fills its device already, stays as it is: nothing is lost by that. 0 or a negative errno: -EPERM from ext4
 * for those who have not CAP_SYS_RESOURCE. */
int file_system_grow(int mount_fd, enum content content, uint64_t device_size);
