/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* await: until a machine is there, is ready, or is gone. Events are waited for; nothing is asked again and again. */
#pragma once

#include <stdint.h>

#include "machine/registry.h"

/* Until NAME is ready: one that is not there yet is waited for. -ETIMEDOUT; -ECANCELED when it ends before it is
 * ready. TIMEOUT_US may be UINT64_MAX. */
int machine_await_ready(const struct registry *registry, const char *name, uint64_t timeout_us, struct error **err);

/* Until NAME does not run. One that does not is success at once. */
int machine_await_stopped(const struct registry *registry, const char *name, uint64_t timeout_us, struct error **err);
