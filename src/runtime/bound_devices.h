/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bound_devices: the device nodes that a run hands in by binds. Who binds one wants it used, so it needs no rule of its
 * own: whoever restricts devices lets these through. And where the container has users of its own, the host's nodes
 * would belong to nobody in there, and devtmpfs cannot be mapped: it gets nodes of the same devices instead. */
#pragma once

#include "base/strings.h"
#include "config/spec.h"

struct run;

/* Adds the host's paths: of nodes that are bound, and of those in a folder of /dev that is (/dev/dri, /dev/bus/usb). */
void bound_devices(const struct spec *spec, struct strings *ret);

/* 1: REQUEST binds a device, or a folder of /dev with some, to a place below /dev, and the /dev that the supervisor
 * makes has nodes of its own for it now, with the host's modes and, seen from inside, the host's numbers of owners.
 * 0: it is to be bound as anything else is. */
int bound_nodes_make(const struct run *run, const struct mount_request *request, struct error **err);
