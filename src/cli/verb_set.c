/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd set NAME LIMIT=VALUE...: what a machine may use, now and from its next start on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/run_host.h"
#include "cli/scope.h"
#include "cli/verb.h"
#include "config/machine_name.h"
#include "config/resource.h"
#include "ipc/bus_client.h"
#include "machine/kept_limits.h"
#include "machine/properties.h"
#include "machine/running.h"

/* Where the service manager owns the group it is the one that sets and keeps. */
static int set_by_unit(const struct verb_call *call, const struct running *machine, const char *name,
                       const struct strings *assignments, struct error **err)
{
    const struct bus_client client = {.user_scope = call->options->user_scope};
    auto_free char *unit = machine ? machine_unit(&machine->state) : NULL;
    auto_free char *template_unit = mem_format("systemd-nspawn@%s.service", name);
    /* a scope ends with the machine: what is to be kept is the unit's that starts it */
    bool is_scope = unit && string_ends(unit, ".scope");

    if (is_scope && bus_unit_set_properties(&client, unit, true, assignments, err) < 0)
        return -error_code(*err);
    if (is_scope && call->options->runtime)
        return 0;
    return bus_unit_set_properties(&client, is_scope || !unit ? template_unit : unit, call->options->runtime,
                                   assignments, err);
}

static int set_by_supervisor(const struct running *machine, const struct strings *assignments, struct error **err)
{
    CLEANUP(control_message_done) struct control_message request = {.word = mem_copy_string("limit")};
    CLEANUP(control_message_done) struct control_message answer = {0};

    for (size_t i = 0; i < assignments->count; i++)
        control_add(&request, "LIMIT", "%s", assignments->item[i]);
    return control_call(machine->control, &request, 0, &answer, err);
}

int verb_set(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();
    CLEANUP(strings_done) struct strings assignments = {0};
    CLEANUP(running_done) struct running machine = RUNNING_INIT;
    auto_error struct error *not_running = NULL;
    const char *name = call->argv[0];
    struct cgroup_limit limit;

    (void) ret_status;
    if (machine_name_check(name, err) < 0)
        return -error_code(*err);
    for (int i = 1; i < call->argc; i++) {
        if (resource_parse(call->argv[i], &limit, err) < 0)
            return -error_code(*err);
        strings_add(&assignments, call->argv[i]);
    }
    bool is_running = running_open(&registry, name, &machine, &not_running) == 0;
    if (service_manager_is_systemd())
        return set_by_unit(call, is_running ? &machine : NULL, name, &assignments, err);
    if (!is_running && call->options->runtime) {
        fail_plain(err, ENXIO, "machine '%s' does not run: --runtime is for the run there is", name);
        fail_id(*err, "R4075");
        fail_hint(*err, "leave out --runtime to have it from the next start on");
        return -ENXIO;
    }
    if (is_running && set_by_supervisor(&machine, &assignments, err) < 0)
        return fail_in(err, "cannot limit machine '%s'", name);
    return call->options->runtime ? 0 : kept_limits_change(KEPT_LIMITS_FOLDER, name, &assignments, err);
}
