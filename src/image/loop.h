/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * loop: a stretch of a file as a block device (loop(4)).
 *
 * The device takes itself apart when nobody has it open or mounted any more (LO_FLAGS_AUTOCLEAR), so nothing of it has
 * to be remembered or undone, whatever kills us.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct loop {
    int fd;                     /* keeps the device; -1: none */
    char path[32];              /* "/dev/loop7" */
};

#define LOOP_NONE {.fd = -1}

/* Makes SIZE bytes of FILE_FD from OFFSET on, both multiples of 512, a device. DIRECT_IO: past the host's page cache,
 * where the file's own file system can. */
int loop_attach(int file_fd, uint64_t offset, uint64_t size, bool read_only, bool direct_io, struct loop *ret,
                struct error **err);

void loop_done(struct loop *loop);
