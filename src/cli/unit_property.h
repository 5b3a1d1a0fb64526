/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unit_property: assignments in the words of unit files and `systemctl set-property` ("MemoryMax=1G",
 * "DeviceAllow=/dev/fuse rw"), as the values that the service manager takes over its bus (systemd.resource-control(5),
 * systemd.kill(5), org.freedesktop.systemd1(5)). Those that a scope can have.
 */
#pragma once

#include "base/error.h"
#include "ipc/bus_property.h"

/* Adds the property that ASSIGNMENT means to LIST, by its own name or the one its value travels under. -EINVAL when the
 * name is unknown ("Unknown assignment: X"), or the value is not one for it. LIST is to be given up then. */
int unit_property_parse(const char *assignment, struct bus_properties *list, struct error **err);
