/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugs the registry into a run. No mechanism lives here. */
#include "cli/run_host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/undo.h"
#include "cli/scope.h"
#include "image/dm.h"
#include "image/lock.h"
#include "image/snapshot.h"
#include "inside/confinement.h"
#include "ipc/control.h"
#include "machine/properties.h"
#include "net/leftover.h"
#include "net/rules.h"

static const struct undo_kind undo_kinds[] = {
    UNDO_KINDS_GENERIC, UNDO_KINDS_NET, UNDO_KINDS_RULES,
    {"remove-snapshot", undo_snapshot}, {"lock-file", undo_lock_file},
    {"remove-dm", undo_dm}
};

struct registry host_registry(void)
{
    return (struct registry){REGISTRY_OF_HOST, .kinds = undo_kinds, .n_kinds = COUNT_OF(undo_kinds)};
}

static int claim(void *data, const char *name, struct undo **ret_undo, struct error **err)
{
    struct run_host_state *state = data;

    if (registry_claim(&state->registry, name, &state->claim, err) < 0)
        return -error_code(*err);
    if (state->claim.leftover)
        log_warning("%s", error_text(state->claim.leftover));
    state->is_claimed = true;
    *ret_undo = state->claim.undo;
    return 0;
}

static int listen_for_control(void *data, int *ret_fd, struct error **err)
{
    const struct run_host_state *state = data;
    auto_free char *path = path_join(state->claim.folder, "control");

    /* without an undo record: whoever cleans up after a claim clears its folder */
    return control_listen(path, ret_fd, err);
}

static int announce(void *data, const struct spec *spec, const struct run_facts *facts, struct error **err)
{
    struct run_host_state *state = data;
    auto_free char *confinement = confinement_format(spec);
    auto_error struct error *remark = NULL;
    auto_free char *unit = NULL;
    uint32_t netif[8] = {0};
    struct machine_state machine = {
        .name = (char *) facts->name,
        .service = (char *) facts->service,
        .class = (char *) "container",
        .root = (char *) facts->root,
        .cgroup = (char *) facts->cgroup,
        .confinement = confinement,
        .network = (char *) facts->network,
        .id = facts->uuid,
        .uid = getuid(),
        .leader = (uint32_t) facts->leader,
        .supervisor = (uint32_t) getpid(),
        .leader_pidfd_id = fd_pidfd_id(facts->leader_pidfd),
        .netif = netif,
    };

    for (size_t i = 0; i < facts->n_netif && machine.n_netif < COUNT_OF(netif); i++)
        netif[machine.n_netif++] = (uint32_t) facts->netif[i];
    /* "systemd-cgls -M", for one, takes it from the file and aborts without */
    machine.unit = unit = state->has_systemd ? machine_unit(&machine) : NULL;
    machine_state_stamp(&machine);
    /* our own list knows every machine; --register= is about telling others */
    if (registry_set_state(&state->claim, &machine, err) < 0)
        return -error_code(*err);
    if (unit_allow_devices(spec, unit, &remark) < 0)
        log_warning("devices that are bound may not work: %s", error_text(remark));
    if (spec->register_machine == TRI_NO)
        return 0;
    return machine_register(&state->registry, &state->claim, spec, facts, unit, err);
}

static void unwind(void *data, struct undo *undo, size_t mark)
{
    struct run_host_state *state = data;
    auto_error struct error *err = NULL;

    /* what others see of the machine is among it */
    registry_forget_announcement(&state->claim);
    if (undo_run_since(undo, mark, undo_kinds, COUNT_OF(undo_kinds), &err) < 0)
        log_warning("%s", error_text(err));
}

static void withdraw(void *data, const char *name, struct undo *undo)
{
    struct run_host_state *state = data;
    auto_error struct error *err = NULL;

    (void) name, (void) undo;           /* both are the claim's */
    if (registry_release(&state->registry, &state->claim, &err) < 0)
        log_warning("%s", error_text(err));
    state->is_claimed = false;
}

static void ended(void *data, const struct run_ending *ending)
{
    const struct run_host_state *state = data;

    background_ended(state->background, ending);
}

static void console_wrote(void *data, uint64_t total)
{
    const struct run_host_state *state = data;

    background_console_wrote(state->background, total);
}

struct run_host run_host_of(struct run_host_state *state, struct background *background, char **argv, int argc)
{
    *state = (struct run_host_state){.registry = host_registry(), .background = background,
                                     .has_systemd = service_manager_is_systemd()};

    char *end = argv[argc - 1] + strlen(argv[argc - 1]);
    return (struct run_host){
        .data = state,
        .claim = claim,
        .allocate_scope = state->has_systemd ? scope_allocate : NULL,
        .listen = listen_for_control,
        .announce = announce,
        .unwind = unwind,
        .ended = background->name ? ended : NULL,
        .console_wrote = background->name ? console_wrote : NULL,
        .withdraw = withdraw,
        .title = argv[0],
        .title_size = (size_t) (end - argv[0]),
    };
}
