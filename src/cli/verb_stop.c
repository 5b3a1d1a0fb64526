/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd stop, terminate, reboot, kill: the ends of machines. What they do is machine/running.h's. */
#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/run_host.h"
#include "cli/scope.h"
#include "cli/verb.h"
#include "ipc/bus_client.h"
#include "machine/properties.h"
#include "machine/running.h"

/* Each as machinectl says it; COULD_NOT is for its verbs that say "Could not …: No machine 'X' known". */
static int open_named(const struct registry *registry, const struct verb_call *call, const char *name,
                      const char *could_not, struct running *ret, struct error **err)
{
    if (running_open(registry, name, ret, err) == 0)
        return 0;
    if (call->program == PROGRAM_MACHINECTL && could_not)
        return fail_in(err, "Could not %s machine", could_not);
    if (call->program != PROGRAM_MACHINECTL || error_code(*err) != ENXIO)
        return -error_code(*err);
    error_freep(err);
    fail_plain(err, ENXIO, "Failed to look up machine '%s': io.systemd.Machine.NoSuchMachine", name);
    fail_hint(*err, "'machinectl list' shows the machines that run");
    return -ENXIO;
}

typedef int act_fn(const struct running *machine, const struct verb_options *options, struct error **err);

static int act_on_each(const struct verb_call *call, const char *could_not, act_fn *act, const char *doing,
                       struct error **err)
{
    const struct registry registry = host_registry();

    for (int i = 0; i < call->argc; i++) {
        CLEANUP(running_done) struct running machine = RUNNING_INIT;

        if (open_named(&registry, call, call->argv[i], could_not, &machine, err) < 0)
            return -error_code(*err);
        if (act(&machine, call->options, err) < 0)
            return fail_in(err, "cannot %s machine '%s'", doing, call->argv[i]);
    }
    return 0;
}

/* The unit of a machine that has ended is told to stop, too: it is not to be started anew, and whoever looks behind us
 * finds it inactive. */
static void settle_unit(const struct running *machine, const struct verb_options *options)
{
    const struct bus_client client = {.user_scope = options->user_scope};
    auto_free char *unit = machine_unit(&machine->state);
    auto_error struct error *ignored = NULL;

    if (unit && string_ends(unit, ".service") && service_manager_is_systemd() &&
        bus_unit_stop(&client, unit, &ignored) < 0)
        log_debug("%s", error_text(ignored));
}

static int stop(const struct running *machine, const struct verb_options *options, struct error **err)
{
    uint64_t timeout_us = options->timeout_us == UINT64_MAX ? STOP_TIMEOUT_DEFAULT_US : options->timeout_us;

    if (running_stop(machine, timeout_us, err) < 0)
        return -error_code(*err);
    settle_unit(machine, options);
    return 0;
}

static int terminate(const struct running *machine, const struct verb_options *options, struct error **err)
{
    if (running_terminate(machine, err) < 0)
        return -error_code(*err);
    settle_unit(machine, options);
    return 0;
}

static int reboot(const struct running *machine, const struct verb_options *options, struct error **err)
{
    (void) options;
    return running_reboot(machine, err);
}

static int send_signal(const struct running *machine, const struct verb_options *options, struct error **err)
{
    enum kill_whom whom = string_equal(options->kill_whom, "leader")       ? KILL_LEADER
                          : string_equal(options->kill_whom, "supervisor") ? KILL_SUPERVISOR
                                                                           : KILL_ALL;

    return running_kill(machine, whom, options->signal, err);
}

int verb_stop(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    return act_on_each(call, NULL, stop, "stop", err);
}

int verb_terminate(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    return act_on_each(call, NULL, terminate, "terminate", err);
}

int verb_reboot(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    return act_on_each(call, NULL, reboot, "reboot", err);
}

int verb_kill(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    return act_on_each(call, "kill", send_signal, "signal", err);
}

/* What the program of that name does by talking to a hypervisor: containers have none, and it says so itself. */
int verb_virtual_only(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();
    const char *name = call->argv[0];
    CLEANUP(running_done) struct running machine = RUNNING_INIT;

    (void) ret_status;
    if (open_named(&registry, call, name, NULL, &machine, err) < 0)
        return -error_code(*err);
    fail_plain(err, EOPNOTSUPP, "Machine '%s' does not expose a varlink control socket.", name);
    fail_hint(*err, "this is for virtual machines, and '%s' is a container", name);
    fail_id(*err, "R4046");
    return -EOPNOTSUPP;
}
