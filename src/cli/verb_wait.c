/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd wait NAME... --for ready|stopped. */
#include <errno.h>

#include "cli/run_host.h"
#include "cli/verb.h"
#include "config/machine_name.h"
#include "machine/await.h"

int verb_wait(const struct verb_call *call, int *ret_status, struct error **err)
{
    const char *what = call->options->wait_for ? call->options->wait_for : "ready";
    bool ready = string_equal(what, "ready");
    const struct registry registry = host_registry();

    (void) ret_status;
    if (!ready && !string_equal(what, "stopped")) {
        fail_plain(err, EINVAL, "cannot wait for '%s'", what);
        fail_id(*err, "R4025");
        fail_hint(*err, "--for= takes ready or stopped");
        return -EINVAL;
    }
    for (int i = 0; i < call->argc; i++) {
        const char *name = call->argv[i];

        if (machine_name_check(name, err) < 0 ||
            (ready ? machine_await_ready(&registry, name, call->options->timeout_us, err)
                   : machine_await_stopped(&registry, name, call->options->timeout_us, err)) < 0)
            return -error_code(*err);
    }
    return 0;
}
