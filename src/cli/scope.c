/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry's public side, and the service manager where there is one. */
#include "cli/scope.h"

#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strings.h"
#include "ipc/bus_client.h"
#include "runtime/bound_devices.h"

bool service_manager_is_systemd(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

static void add_device_rules(const struct spec *spec, struct strings *properties)
{
    CLEANUP(strings_done) struct strings devices = {0};

    bound_devices(spec, &devices);
    for (size_t i = 0; i < devices.count; i++)
        strings_add_format(properties, "DeviceAllow=%s rwm", devices.item[i]);
}

int scope_allocate(void *data, const struct spec *spec, pid_t leader, char **ret_cgroup, struct error **err)
{
    const struct bus_client client = {.user_scope = spec->user_scope};
    CLEANUP(strings_done) struct strings properties = {0};
    const struct bus_scope_request request = {
        .name = spec->machine,
        .slice = spec->slice,
        .leader = leader,
        .boots = spec->start == START_BOOT,
        .properties = &properties,
    };

    (void) data;
    add_device_rules(spec, &properties);
    /* what stops the scope stops the init; SIGTERM has others of them start anew */
    if (spec->kill_signal > 0)
        strings_add_format(&properties, "KillSignal=%d", spec->kill_signal);
    for (size_t i = 0; i < spec->resources.count; i++)
        strings_add(&properties, spec->resources.item[i]);
    for (size_t i = 0; i < spec->properties.count; i++)
        strings_add(&properties, spec->properties.item[i]);
    return bus_scope_start(&client, &request, ret_cgroup, err);
}

int unit_allow_devices(const struct spec *spec, const char *unit, struct error **err)
{
    const struct bus_client client = {.user_scope = spec->user_scope};
    CLEANUP(strings_done) struct strings properties = {0};

    /* not the unit of a whole user: all else that runs in there would be kept to these devices */
    if (!spec->keep_unit || !unit || string_starts(unit, "user@"))
        return 0;
    add_device_rules(spec, &properties);
    return properties.count == 0 ? 0 : bus_unit_set_properties(&client, unit, true, &properties, err);
}

/* Asked where it owns the folder that others read, and on hosts of systemd, where asking starts it. */
static int ask_machine_manager(const struct spec *spec, const struct run_facts *facts, struct error **err)
{
    const struct bus_client client = {.user_scope = spec->user_scope};
    const struct bus_machine machine = {
        .name = facts->name,
        .service = facts->service,
        .class = "container",
        .root = facts->root,
        .id = facts->uuid,
        .leader = facts->leader,
        .netif = facts->netif,
        .n_netif = facts->n_netif,
    };

    return bus_machine_register(&client, &machine, err);
}

int machine_register(const struct registry *registry, struct machine_claim *claim, const struct spec *spec,
                     const struct run_facts *facts, const char *unit, struct error **err)
{
    bool foreign = registry_has_foreign_manager(registry), systemd = service_manager_is_systemd();

    if (foreign || (systemd && !registry_has_own_manager(registry))) {
        auto_error struct error *ignored = NULL;

        if (ask_machine_manager(spec, facts, foreign ? err : &ignored) == 0 || foreign)
            return *err ? -error_code(*err) : 0;
        log_debug("%s", error_text(ignored));
    }
    return registry_announce(registry, claim, unit, err);
}
