/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* machine_properties: what a machine's object on the bus has besides methods. */
#pragma once

#include <systemd/sd-bus.h>

/* Getter of every property of org.freedesktop.machine1.Machine; DATA is the service, whose machine is the object. */
int machine_property_get(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *data, sd_bus_error *ret);

/* clang-format off */
#define MACHINE_PROPERTY(name, signature) \
    SD_BUS_PROPERTY(name, signature, machine_property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST)

#define MACHINE_PROPERTIES \
    MACHINE_PROPERTY("Name", "s"), \
    MACHINE_PROPERTY("Id", "ay"), \
    MACHINE_PROPERTY("Timestamp", "t"), \
    MACHINE_PROPERTY("TimestampMonotonic", "t"), \
    MACHINE_PROPERTY("Service", "s"), \
    MACHINE_PROPERTY("Unit", "s"), \
    MACHINE_PROPERTY("Subgroup", "s"), \
    MACHINE_PROPERTY("Leader", "u"), \
    MACHINE_PROPERTY("LeaderPIDFDId", "t"), \
    MACHINE_PROPERTY("Supervisor", "u"), \
    MACHINE_PROPERTY("SupervisorPIDFDId", "t"), \
    MACHINE_PROPERTY("Class", "s"), \
    MACHINE_PROPERTY("RootDirectory", "s"), \
    MACHINE_PROPERTY("NetworkInterfaces", "ai"), \
    MACHINE_PROPERTY("VSockCID", "u"), \
    MACHINE_PROPERTY("SSHAddress", "s"), \
    MACHINE_PROPERTY("SSHPrivateKeyPath", "s"), \
    SD_BUS_PROPERTY("State", "s", machine_property_get, 0, 0), \
    MACHINE_PROPERTY("UID", "u")
/* clang-format on */
