/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a partition with a signature: what is taken from it is a hash of hex digits, and some bytes. */
#include "image/verity_signature.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(verity_signature_done) struct verity_signature signature = {0};
    auto_free char *text = mem_copy_bytes(data, size);
    auto_error struct error *err = NULL;

    if (verity_signature_parse(text, &signature, &err) < 0)
        return 0;

    size_t length = strlen(signature.hash);
    if (length < VERITY_HASH_DIGITS_MIN || length > VERITY_HASH_DIGITS_MAX ||
        strspn(signature.hash, "0123456789abcdef") != length || signature.size == 0 || signature.size > size)
        abort();
    return 0;
}
