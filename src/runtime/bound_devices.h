/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bound_devices: the device nodes that a run hands in by binds. Who binds one wants it used, so it needs no rule of its
 * own: whoever restricts devices lets these through. */
#pragma once

#include "base/strings.h"
#include "config/spec.h"

/* Adds the host's paths: of nodes that are bound, and of those right in a folder of /dev that is (/dev/dri). */
void bound_devices(const struct spec *spec, struct strings *ret);
