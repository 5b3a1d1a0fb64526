/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rlimit_parse: resource limits by name, with values as unit files write them: SOFT[:HARD]. */
#pragma once

#include <stddef.h>
#include <sys/resource.h>

#include "base/error.h"

/* "NOFILE" or "RLIMIT_NOFILE", LENGTH bytes of NAME; the kernel's number, or -EINVAL. */
int rlimit_number(const char *name, size_t length);
/* "NOFILE"; NULL beyond the last. */
const char *rlimit_name(int number);

/* One value counts for both. "infinity"; CPU takes times in seconds, RTTIME in microseconds, sizes take K M G …,
 * NICE takes a nice level with a sign or the kernel's 0…40 without. */
int rlimit_parse(int number, const char *text, struct rlimit *ret, struct error **err);

const char *rlimit_value(size_t index, char *buffer);       /* option_value_fn */
