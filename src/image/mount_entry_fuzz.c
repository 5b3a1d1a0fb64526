/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of the mount table, and the layers in it. */
#include "image/mount_entry.h"

#include <stdint.h>

#include "base/mem.h"
#include "image/mapped_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(mount_entry_done) struct mount_entry entry = {0};
    CLEANUP(overlay_paths_done) struct overlay_paths paths = {0};
    auto_error struct error *ignored = NULL;
    int id;

    if (mount_entry_parse((const char *) data, size, &entry, &id) == 0)
        (void) overlay_paths_read(&entry, &paths, &ignored);
    return 0;
}
