/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * redd autostart [start|stop|list]: the enabled machines, for hosts where systemd is not the first process. The scripts
 * for OpenRC, runit, s6 and sysvinit call it; it can be called by hand or from rc.local just as well.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/run_host.h"
#include "cli/scope.h"
#include "cli/start_named.h"
#include "machine/autostart.h"
#include "machine/registry.h"

static int start_one(void *data, const char *name)
{
    const struct verb_call *call = data;
    auto_error struct error *err = NULL;

    return start_named(call, name, &err) < 0 ? report(call->program_name, err) : EXIT_SUCCESS;
}

static int stop_one(void *data, const char *name)
{
    const struct verb_call *call = data;
    auto_error struct error *err = NULL;

    return stop_named(call, name, &err) < 0 ? report(call->program_name, err) : EXIT_SUCCESS;
}

static void say_skipped(void *data, const char *name, enum order_result result, const char *cause)
{
    const struct verb_call *call = data;

    if (result == ORDER_SKIPPED)
        log_error("%s: machine '%s' is not started, since it requires '%s'", call->program_name, name, cause);
}

static int start_all(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(strings_done) struct strings names = {0};
    CLEANUP(order_done) struct order order = {0};
    const struct order_work work = {.act = start_one, .done = say_skipped, .data = (void *) call};

    if (autostart_list(AUTOSTART_ROOT, &names, err) < 0 || start_order(&names, &order, err) < 0)
        return -error_code(*err);
    if (order_run(&order, &work) > 0)
        *ret_status = EXIT_FAILURE;
    return 0;
}

/* All that run in the background, enabled or not: the host goes down. Those of a terminal or of a service are whose
 * they are. */
static int stop_all(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();
    CLEANUP(machine_states_done) struct machine_states machines = {0};
    CLEANUP(strings_done) struct strings names = {0};
    CLEANUP(order_done) struct order order = {0};
    const struct order_work work = {.act = stop_one, .data = (void *) call, .backwards = true, .parallel = 64};

    if (registry_survey(&registry, &machines, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < machines.count; i++)
        if (machines.item[i].cgroup && strstr(machines.item[i].cgroup, "/machine.slice/"))
            strings_add(&names, machines.item[i].name);
    if (start_order(&names, &order, err) < 0)
        return -error_code(*err);
    if (order_run(&order, &work) > 0)
        *ret_status = EXIT_FAILURE;
    return 0;
}

static int list_all(enum json_style style, struct error **err)
{
    CLEANUP(strings_done) struct strings names = {0};
    struct json json = {.style = style};

    if (autostart_list(AUTOSTART_ROOT, &names, err) < 0)
        return -error_code(*err);
    if (style == JSON_OFF) {
        for (size_t i = 0; i < names.count; i++)
            (void) puts(names.item[i]);
        return 0;
    }
    json_array(&json, NULL);
    for (size_t i = 0; i < names.count; i++) {
        json_object(&json, NULL);
        json_string(&json, "machine", names.item[i]);
        json_end(&json);
    }
    json_end(&json);
    json_finish(&json);
    return 0;
}

int verb_autostart(const struct verb_call *call, int *ret_status, struct error **err)
{
    const char *what = call->argc > 0 ? call->argv[0] : "start";

    if (strcmp(what, "list") == 0)
        return list_all(call->options->json, err);
    if (service_manager_is_systemd()) {
        log_info("systemd starts and stops the enabled machines itself, by machines.target.");
        return 0;
    }
    if (strcmp(what, "start") == 0)
        return start_all(call, ret_status, err);
    if (strcmp(what, "stop") == 0)
        return stop_all(call, ret_status, err);
    fail_plain(err, EINVAL, "autostart takes start, stop or list, not '%s'", what);
    fail_id(*err, "R4051");
    fail_hint(*err, "without a word it starts the enabled machines");
    return -EINVAL;
}
