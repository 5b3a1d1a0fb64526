/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line that says what confines a machine's processes. What is taken is written the same way ever after. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inside/confinement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gives the text anew; NULL: it is refused. */
static char *read_and_write(const char *text)
{
    auto_error struct error *ignored = NULL;
    struct spec spec;
    char *again = NULL;

    spec_init(&spec);
    if (confinement_parse(text, &spec, &ignored) == 0)
        again = confinement_format(&spec);
    spec_done(&spec);
    return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = mem_copy_bytes((const char *) data, size);
    auto_free char *first = read_and_write(text);
    auto_free char *second = first ? read_and_write(first) : NULL;

    if (first && (!second || strcmp(first, second) != 0))
        abort();
    return 0;
}
