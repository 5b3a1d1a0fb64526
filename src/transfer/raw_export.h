/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* raw_export: a disk image out of its file, compressed or with its holes. */
#pragma once

#include "base/error.h"
#include "transfer/channel.h"
#include "transfer/compress.h"

struct raw_export {
    int input_fd, output_fd;
    enum compression compression;
    const struct increment_base *since; /* an increment is written; NULL: a whole */
};

/* The work of a worker, with a struct raw_export. */
int raw_export_work(void *data, struct channel *up, struct error **err);
