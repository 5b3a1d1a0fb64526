/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* quantity: sizes and times as unit files write them: "1.5G", "1G 512M", "1h 30min", "100ms". */
#pragma once

#include <stdint.h>

/* Bytes; B K M G T P E to base 1024, capitals only, fractions and sums allowed. -EINVAL, -ERANGE. */
int quantity_parse_bytes(const char *text, uint64_t *ret);

/* Microseconds; a number without unit counts DEFAULT_UNIT microseconds. -EINVAL, -ERANGE. */
int quantity_parse_time(const char *text, uint64_t default_unit, uint64_t *ret);
