/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two tables of a start: who does which phase, and which steps there are. Start reading here.
 * A step is added as one row; its place is policy, and a comment says so where moving it would be wrong.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "runtime/run_state.h"

/*
 * One child does what an outer and an inner process would: the supervisor prepares mounts detached, and all namespaces
 * come with one clone. Between PREPARE and MAP_IDS stands that clone (launch.c); the child waits for the end of ATTACH
 * only where MAP_IDS or ATTACH have anything to do for it.
 */
static const struct {
    const char *name;
    enum side side;
} phases[N_PHASES] = {
    [ACQUIRE] = {"acquire", SUPERVISOR},        /* name, locks, ids, copies: held until the end, over reboots too */
    [PREPARE] = {"prepare", SUPERVISOR},        /* detached mounts, cgroup, pty: anew for each boot */
    [MAP_IDS] = {"map ids", SUPERVISOR},        /* the child cannot write its own map */
    [ATTACH] = {"attach", SUPERVISOR},          /* scope, network, registry: what needs the child's pid */
    [BUILD] = {"build", CHILD},                 /* its view: mounts, cgroup, host name */
    [CONFINE] = {"confine", CHILD},             /* limits, ids, capabilities, system call filter, exec */
};

static bool wants_userns(const struct spec *spec)
{
    return spec->userns != USERNS_NO;
}

static bool wants_host_sys(const struct spec *spec)
{
    return wants_userns(spec) && !spec_has_own_network(spec);
}

static bool wants_chown(const struct spec *spec)
{
    return spec->ownership == OWNERSHIP_CHOWN || spec->ownership == OWNERSHIP_AUTO;
}

static bool wants_template(const struct spec *spec)
{
    return spec->template_path;
}

static bool wants_disk(const struct spec *spec)
{
    return spec->image;
}

static bool wants_snapshot(const struct spec *spec)
{
    return spec->ephemeral;
}

static bool wants_root_mounts(const struct spec *spec)
{
    return spec->image || spec->volatile_mode == VOLATILE_YES || spec->volatile_mode == VOLATILE_STATE;
}

static bool wants_scope(const struct spec *spec)
{
    return !spec->keep_unit;
}

static bool wants_pivot(const struct spec *spec)
{
    return spec->pivot_root_new;
}

static bool wants_writable_root(const struct spec *spec)
{
    return (!spec->read_only || spec->volatile_mode != VOLATILE_NO) && spec->volatile_mode != VOLATILE_STATE;
}

static bool wants_netns_path(const struct spec *spec)
{
    return spec->netns_path;
}

/* In a namespace of others it is theirs to say. */
static bool wants_loopback(const struct spec *spec)
{
    return spec_has_own_network(spec);
}

static bool wants_moved_interfaces(const struct spec *spec)
{
    return spec->interfaces.count > 0;
}

static bool wants_derived_interfaces(const struct spec *spec)
{
    return spec->macvlans.count > 0 || spec->ipvlans.count > 0;
}

static bool wants_veth(const struct spec *spec)
{
    return spec->veth;
}

/* On a bridge of others, others are the router. */
static bool wants_router(const struct spec *spec)
{
    return spec->veth && !spec->bridge;
}

static bool wants_veth_extras(const struct spec *spec)
{
    return spec->veth_extras.count > 0;
}

/* Also without any: they can be added while it runs. */
static bool wants_ports(const struct spec *spec)
{
    return spec->veth || spec->n_ports > 0;
}

static bool wants_ping(const struct spec *spec)
{
    return wants_userns(spec) && spec_has_own_network(spec);
}

static bool wants_personality(const struct spec *spec)
{
    return spec->personality != ULONG_MAX;
}

static bool wants_seccomp(const struct spec *spec)
{
    return spec->seccomp;
}

/* clang-format off */
static const struct step steps[] = {
    /* phase    name, completing "cannot ..."          wanted             supervisor             child   undo */
    { ACQUIRE, "take what was asked for",             NULL,              step_support_check,    NULL, NULL },
    /* First, so that what a dead namesake left is undone before its tree is looked at. */
    { ACQUIRE, "claim the machine's name",            NULL,              step_machine_claim,    NULL, step_machine_withdraw },
    { ACQUIRE, "copy the template",                   wants_template,    step_template_copy,    NULL, NULL },
    { ACQUIRE, "find the tree",                       NULL,              step_tree_find,        NULL, step_tree_close },
    { ACQUIRE, "check the tree",                      NULL,              step_tree_check,       NULL, NULL },
    { ACQUIRE, "lock the tree",                       NULL,              step_tree_lock,        NULL, NULL },
    { ACQUIRE, "open the disk image",                 wants_disk,        step_disk_open,        NULL, NULL },
    { ACQUIRE, "take a snapshot of the tree",         wants_snapshot,    step_tree_snapshot,    NULL, NULL },
    { ACQUIRE, "choose the user id range",            wants_userns,      step_ids_choose,       NULL, step_ids_release },
    { ACQUIRE, "change the tree's owners",            wants_chown,       step_tree_chown,       NULL, NULL },
    /* Held over reboots, so that nobody else takes them meanwhile. */
    { ACQUIRE, "take the host's ports",               wants_ports,       step_ports_reserve,    NULL, step_ports_release },
    /* First, since the kernel does it while we go on; the rules themselves need the addresses. */
    { PREPARE, "begin the packet filter's table",     spec_wants_rules,  step_rules_begin,      NULL, step_rules_await },
    { PREPARE, "prepare the root",                    NULL,              step_root_open,        NULL, step_root_close },
    { PREPARE, "read the tree's machine id",          NULL,              step_identity_read,    NULL, NULL },
    { PREPARE, "make the cgroup",                     NULL,              step_cgroup_make,      NULL, step_cgroup_leave },
    { PREPARE, "restrict devices",                    NULL,              step_devices_restrict, NULL, NULL },
    { PREPARE, "prepare /dev",                        NULL,              step_dev_prepare,      NULL, step_dev_close },
    { PREPARE, "prepare /run",                        NULL,              step_run_prepare,      NULL, step_run_close },
    { PREPARE, "open the network namespace to join",  wants_netns_path,  step_network_open,     NULL, step_network_close },
    { PREPARE, "prepare /sys",                        wants_host_sys,    step_sys_prepare,      NULL, NULL },
    { PREPARE, "prepare integration with the host",   NULL,              step_integration_prepare, NULL, step_integration_close },
    { PREPARE, "prepare the mounts asked for",        NULL,              step_mounts_prepare,   NULL, step_mounts_close },

    { MAP_IDS, "write the user id map",               wants_userns,      step_ids_write_map,    NULL, NULL },

    { ATTACH,  "get a scope from the service manager", wants_scope,      step_scope_allocate,   NULL, NULL },
    /* In the group that stays: the scope's, where there is one. */
    { ATTACH,  "limit what it may use",               spec_wants_limits, step_resources_limit,  NULL, NULL },
    { ATTACH,  "open the network namespace",          spec_wants_links,  step_netns_open,       NULL, step_netns_close },
    /* Before others are made in there: they are known by numbers, which they keep where these are free. */
    { ATTACH,  "move interfaces to the container",    wants_moved_interfaces, step_interfaces_move, NULL, NULL },
    { ATTACH,  "make interfaces on those of the host", wants_derived_interfaces, step_interfaces_derive, NULL, NULL },
    { ATTACH,  "make the virtual cable",              wants_veth,        step_veth_make,        NULL, NULL },
    /* While the zone's lock is held: what was free when it was looked at still is. */
    { ATTACH,  "set the addresses",                   spec_wants_addresses, step_addresses_set, NULL, NULL },
    { ATTACH,  "listen to the container's cable",     wants_router,      step_router_start,     NULL, step_router_stop },
    /* Before the payload can send anything. */
    { ATTACH,  "set the packet filter's rules",       spec_wants_rules,  step_rules_add,        NULL, NULL },
    /* Behind the rules, which let the answer in where the host is closed. */
    { ATTACH,  "ask for a lease",                     wants_router,      step_lease_start,      NULL, step_lease_stop },
    { ATTACH,  "make further virtual cables",         wants_veth_extras, step_veth_extras_make, NULL, NULL },
    { ATTACH,  "start the resolver",                  spec_wants_links,  step_resolver_start,   NULL, step_resolver_stop },
    { ATTACH,  "publish the machine's name",          spec_wants_links,  step_name_publish,     NULL, step_name_withdraw },

    { BUILD,   "become root of the user namespace",   wants_userns,      NULL, step_ids_become_root, NULL },
    { BUILD,   "bring up the loopback device",        wants_loopback,    NULL, step_loopback_up, NULL },
    { BUILD,   "enter the cgroup",                    NULL,              NULL, step_cgroup_enter, NULL },
    { BUILD,   "set the host name",                   NULL,              NULL, step_hostname_set, NULL },
    /* From here on all paths are the container's; the host's tree is gone. */
    { BUILD,   "enter the root",                      NULL,              NULL, step_root_enter, NULL },
    { BUILD,   "mount the parts of the root",         wants_root_mounts, NULL, step_root_mounts_attach, NULL },
    { BUILD,   "make the base folders",               wants_writable_root, NULL, step_base_folders_make, NULL },
    { BUILD,   "mount the API file systems",          NULL,              NULL, step_api_mount, NULL },
    { BUILD,   "mount the cgroup tree",               NULL,              NULL, step_cgroup_mount, NULL },
    { BUILD,   "integrate with the host",             NULL,              NULL, step_integration_apply, NULL },
    { BUILD,   "attach the mounts asked for",         NULL,              NULL, step_mounts_attach, NULL },
    { BUILD,   "let all groups ping",                 wants_ping,        NULL, step_ping_allow, NULL },
    /* After everything that may still need an unmasked /proc. */
    { BUILD,   "protect /proc",                       NULL,              NULL, step_proc_mask, NULL },
    { BUILD,   "pivot inside the tree",               wants_pivot,       NULL, step_root_pivot_inside, NULL },
    { BUILD,   "set mount propagation",               NULL,              NULL, step_mounts_seal, NULL },

    { CONFINE, "take the console",                    NULL,              NULL, step_console_take, NULL },
    { CONFINE, "find the user",                       NULL,              NULL, step_user_resolve, NULL },
    { CONFINE, "make the environment",                NULL,              NULL, step_environment_make, NULL },
    { CONFINE, "set the resource limits",             NULL,              NULL, step_limits_set, NULL },
    { CONFINE, "join a new session keyring",          NULL,              NULL, step_keyring_join, NULL },
    { CONFINE, "set the personality",                 wants_personality, NULL, step_personality_set, NULL },
    { CONFINE, "close what is not the payload's",     NULL,              NULL, step_descriptors_close, NULL },
    { CONFINE, "drop capabilities",                   NULL,              NULL, step_capabilities_drop, NULL },
    { CONFINE, "become the user",                     NULL,              NULL, step_user_become, NULL },
    { CONFINE, "enter the working directory",         NULL,              NULL, step_working_directory_enter, NULL },
    /* Last, so that no filter of the user's can break a step of ours. CAP_SYS_ADMIN is still held for it: exec()
     * takes it away where the payload is not to have it. */
    { CONFINE, "load the system call filter",         wants_seccomp,     NULL, step_system_calls_filter, NULL },
    { CONFINE, "start the payload",                   NULL,              NULL, step_payload_exec, NULL },
};
/* clang-format on */

void plan_make(struct run *run)
{
    run->plan = mem_alloc((COUNT_OF(steps) + 1) * sizeof *run->plan);
    run->n_plan = 0;
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        if (!steps[i].wanted || steps[i].wanted(run->spec))
            run->plan[run->n_plan++] = &steps[i];
}

#ifdef REDD_TEST_HOOKS
/* FAIL_STEP=n: step n fails; KILL_STEP=n: the process at step n dies as by kill -9. Counted over the plan, from 1.
 * The child is PID 1 of its namespace, which cannot kill itself: it leaves without a word. */
static int test_hook(const char *name, size_t index)
{
    const char *wanted = getenv(name);

    return wanted && (size_t) atol(wanted) == index + 1;
}

static int provoke(const struct step *step, size_t index, struct error **err)
{
    if (test_hook("KILL_STEP", index)) {
        (void) kill(getpid(), SIGKILL);
        _exit(128 + SIGKILL);
    }
    return test_hook("FAIL_STEP", index) ? fail(err, EIO, "cannot %s, as asked for", step->name) : 0;
}
#else
static int provoke(const struct step *step, size_t index, struct error **err)
{
    (void) step, (void) index, (void) err;
    return 0;
}
#endif

int plan_run_phase(struct run *run, enum phase phase, struct error **err)
{
    for (; run->n_done < run->n_plan && run->plan[run->n_done]->phase == phase; run->n_done++) {
        const struct step *step = run->plan[run->n_done];

        if (provoke(step, run->n_done, err) < 0 || step->apply(run, err) < 0) {
            /* a step that failed half-way is undone like one that was done: every undo copes with both */
            run->n_done++;
            return -error_code(*err);
        }
    }
    return 0;
}

int plan_run_phase_inside(struct child *child, enum phase phase, struct error **err)
{
    const struct run *run = child->run;

    for (size_t i = 0; i < run->n_plan; i++) {
        const struct step *step = run->plan[i];

        if (step->phase == phase && (provoke(step, i, err) < 0 || step->apply_inside(child, err) < 0))
            return -error_code(*err);
    }
    return 0;
}

void plan_undo_to(struct run *run, enum phase phase)
{
    while (run->n_done > 0 && run->plan[run->n_done - 1]->phase >= phase) {
        const struct step *step = run->plan[--run->n_done];

        if (step->undo)
            step->undo(run);
    }
}

int plan_explain(const struct spec *spec, int fd)
{
    struct run run = {.spec = spec};
    enum phase last = N_PHASES;

    plan_make(&run);
    for (size_t i = 0; i < run.n_plan; i++) {
        const struct step *step = run.plan[i];

        if (step->phase != last)
            (void) dprintf(fd, "%s (%s)\n", phases[step->phase].name,
                           phases[step->phase].side == SUPERVISOR ? "supervisor" : "inside");
        last = step->phase;
        (void) dprintf(fd, "    %s\n", step->name);
    }
    plan_done(&run);
    return 0;
}

void plan_done(struct run *run)
{
    free(TAKE(run->plan));
}
