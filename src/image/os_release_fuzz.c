/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The os-release file of a tree. */
#include "image/os_release.h"

#include <stdint.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(os_release_done) struct os_release release = {0};
    auto_free char *text = mem_copy_bytes(data, size);

    os_release_parse(text, &release);
    return 0;
}
