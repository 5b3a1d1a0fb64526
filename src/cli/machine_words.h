/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* machine_words: finding the machines that a verb's words name, with machinectl's words where there is none. */
#pragma once

#include "cli/verb.h"
#include "machine/registry.h"

/* The machine NAME, or the host for ".host". *RET is to be empty. A machine that does not run, but whose last start
 * failed, has that in the hint. */
int machine_look_up(const struct verb_call *call, const char *name, struct machine_state *ret, struct error **err);
