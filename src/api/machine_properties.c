/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/machine_properties.h"

#include <stddef.h>
#include <string.h>

#include "api/service.h"
#include "base/mem.h"

/* Where each is in struct machine_state; what is computed has no place there. */
static const struct {
    const char *name;
    char type;                  /* of the bus */
    size_t offset;
} fields[] = {
    {"Name", 's', offsetof(struct machine_state, name)},
    {"Timestamp", 't', offsetof(struct machine_state, realtime_us)},
    {"TimestampMonotonic", 't', offsetof(struct machine_state, monotonic_us)},
    {"Service", 's', offsetof(struct machine_state, service)},
    {"Unit", 's', offsetof(struct machine_state, unit)},
    {"Leader", 'u', offsetof(struct machine_state, leader)},
    {"LeaderPIDFDId", 't', offsetof(struct machine_state, leader_pidfd_id)},
    {"Supervisor", 'u', offsetof(struct machine_state, supervisor)},
    {"SupervisorPIDFDId", 't', offsetof(struct machine_state, supervisor_pidfd_id)},
    {"Class", 's', offsetof(struct machine_state, class)},
    {"RootDirectory", 's', offsetof(struct machine_state, root)},
    {"UID", 'u', offsetof(struct machine_state, uid)},
};

static int append_interfaces(sd_bus_message *reply, const struct machine_state *machine)
{
    return sd_bus_message_append_array(reply, 'i', machine->netif, machine->n_netif * sizeof *machine->netif);
}

/* The payload's group below that of the unit, as in "payload". */
static const char *subgroup_of(const struct machine_state *machine)
{
    const char *unit = machine->unit && machine->cgroup ? strstr(machine->cgroup, machine->unit) : NULL;

    return unit && unit[strlen(machine->unit)] == '/' ? unit + strlen(machine->unit) + 1 : "";
}

static int append_computed(sd_bus_message *reply, const char *property, const struct machine_state *machine)
{
    enum { NO_VSOCK = 0xffffffff };

    if (strcmp(property, "Id") == 0)
        return sd_bus_message_append_array(reply, 'y', machine->id.byte, sizeof machine->id.byte);
    if (strcmp(property, "NetworkInterfaces") == 0)
        return append_interfaces(reply, machine);
    if (strcmp(property, "Subgroup") == 0)
        return sd_bus_message_append(reply, "s", subgroup_of(machine));
    if (strcmp(property, "VSockCID") == 0)
        return sd_bus_message_append(reply, "u", (uint32_t) NO_VSOCK);
    if (strcmp(property, "State") == 0)
        return sd_bus_message_append(reply, "s", machine->leader ? "running" : "opening");
    return sd_bus_message_append(reply, "s", "");       /* the ways in by ssh: there are none */
}

int machine_property_get(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *data, sd_bus_error *ret)
{
    const struct service *service = data;
    const struct machine_state *machine = &service->machine;

    (void) bus, (void) path, (void) interface, (void) ret;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const void *field = (const char *) machine + fields[i].offset;

        if (strcmp(fields[i].name, property) != 0)
            continue;
        if (fields[i].type != 's')
            return sd_bus_message_append_basic(reply, fields[i].type, field);
        const char *text = *(char *const *) field;
        return sd_bus_message_append(reply, "s", text ? text : "");
    }
    return append_computed(reply, property, machine);
}
