/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a signature: what is taken from them lies within them. */
#include "image/pkcs7.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_error struct error *err = NULL;
    struct pkcs7 signature;

    if (pkcs7_parse(data, size, &signature, &err) < 0)
        return 0;
    if (signature.signature < data || signature.signature_size == 0 ||
        signature.signature_size > size - (size_t) (signature.signature - data))
        abort();
    return 0;
}
