/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd start NAME...: machines in the background. */
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/run_host.h"
#include "cli/start_named.h"
#include "machine/await.h"
#include "machine/log.h"

/* --wait: until it is over. How that was is the verb's own success. */
static int await_end(const struct registry *registry, const char *name, int *ret_status, struct error **err)
{
    CLEANUP(last_run_done) struct last_run run = {0};
    auto_error struct error *unknown = NULL;

    if (machine_await_stopped(registry, name, UINT64_MAX, err) < 0)
        return -error_code(*err);
    if (last_run_read(MACHINE_LOG_FOLDER, name, &run, &unknown) == 0 && run.id)
        *ret_status = EXIT_FAILURE;
    return 0;
}

static bool is_named(const struct verb_call *call, const char *name)
{
    for (int i = 0; i < call->argc; i++)
        if (string_equal(call->argv[i], name))
            return true;
    return false;
}

static int start_in_order(const struct verb_call *call, struct error **err)
{
    CLEANUP(order_done) struct order order = {0};
    CLEANUP(strings_done) struct strings names = {0};

    for (int i = 0; i < call->argc; i++)
        strings_add(&names, call->argv[i]);
    if (start_order(&names, &order, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < order.count; i++) {
        const char *name = order.node[i].name;

        if (start_named(call, name, err) < 0)
            return is_named(call, name) ? -error_code(*err) : fail_in(err, "machine '%s' is required", name);
    }
    return 0;
}

int verb_start(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();

    if (string_equal(call->options->runner, "vmspawn")) {
        fail_plain(err, EOPNOTSUPP, "redd runs containers, not virtual machines");
        fail_id(*err, "R4032");
        fail_hint(*err, "leave out -V and --runner=vmspawn");
        return -EOPNOTSUPP;
    }
    /* what is no name or has no image is refused before anything is started */
    for (int i = 0; i < call->argc; i++)
        if (start_check_name(call, call->argv[i], err) < 0)
            return -error_code(*err);
    if (start_in_order(call, err) < 0)
        return -error_code(*err);
    for (int i = 0; call->options->wait && i < call->argc; i++)
        if (await_end(&registry, call->argv[i], ret_status, err) < 0)
            return -error_code(*err);
    return 0;
}
