/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first bytes of a program. */
#include "image/program_check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/architecture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *interpreter = NULL;

    (void) architecture_of_elf(data, size);
    if (program_interpreter(data, size, &interpreter) == 0 && interpreter && strlen(interpreter) > size)
        abort();
    return 0;
}
