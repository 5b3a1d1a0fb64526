/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attach: the console of a running machine, which stays its supervisor's: several may follow it at once, each sees what
 * is printed and may type, and the machine does not notice who comes and goes.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "machine/registry.h"

/* Follows the console of NAME until the machine ends or the keys ^]^]^] leave it. TELLS: say on stderr when it begins
 * and ends. Where standard input is no terminal what comes from it is typed, up to its end, and the console followed
 * on. */
int attach_run(const struct registry *registry, const char *name, bool tells, struct error **err);

/* Sends everybody away who is attached. */
int attach_end(const struct registry *registry, const char *name, struct error **err);
