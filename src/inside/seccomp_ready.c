/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filter that most containers have, made by the build: tools/seccomp_ready.c. */
#include <stdint.h>

#include <linux/filter.h>

#include "base/mem.h"
#include "config/spec.h"
#include "inside/seccomp.h"

#include "inside/seccomp_ready.h"

const struct sock_filter *seccomp_ready(const struct seccomp_request *request, size_t *ret_n)
{
    bool has_changes = (request->allowed && request->allowed->count > 0) ||
                       (request->denied && request->denied->count > 0);

    if (has_changes || request->families_given || request->suppress_sync ||
        ((request->capabilities ^ CAPABILITIES_DEFAULT) & READY_MASK) != 0)
        return NULL;
    *ret_n = COUNT_OF(ready);
    return ready;
}
