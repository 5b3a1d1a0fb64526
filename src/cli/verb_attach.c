/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd attach and redd detach: the console of a running machine. */
#include "cli/run_host.h"
#include "cli/verb.h"
#include "enter/attach.h"

int verb_attach(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();

    (void) ret_status;
    return attach_run(&registry, call->argv[0], !call->options->quiet, err);
}

int verb_detach(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();

    (void) ret_status;
    return attach_end(&registry, call->argv[0], err);
}
