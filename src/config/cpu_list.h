/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpu_list: sets of CPUs as "0-3,5" or "0 2". */
#pragma once

#include <sched.h>
#include <stddef.h>

#include "base/error.h"

/* Commas or blanks part the items; an empty text is the empty set. */
int cpu_list_parse(const char *text, cpu_set_t *ret, struct error **err);
