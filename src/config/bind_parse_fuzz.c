/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount requests: whatever is accepted has an absolute target and sources, and options of the kind it should. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "config/bind_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r, struct mount_request *request, struct error **err)
{
    if (r < 0) {
        if (!*err || -error_code(*err) != r)
            abort();
        error_freep(err);
        return;
    }
    if (!request->target || !path_is_absolute(request->target) || strstr(request->target, "//"))
        abort();
    for (size_t i = 0; i < request->n_sources; i++)
        if (request->source[i].path && !path_is_absolute(request->source[i].path))
            abort();
    mount_request_done(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = mem_copy_bytes(data, size);
    auto_error struct error *err = NULL;
    struct mount_request request = {0};

    check(bind_parse(text, false, &request, &err), &request, &err);
    check(tmpfs_parse(text, &request, &err), &request, &err);
    check(overlay_parse(text, true, &request, &err), &request, &err);
    check(inaccessible_parse(text, &request, &err), &request, &err);
    return 0;
}
