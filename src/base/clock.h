/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock: what time it is, as one number. */
#pragma once

#include <stdint.h>

/* For deadlines and spans: since some moment in the past, and never set back (CLOCK_MONOTONIC). */
int64_t clock_ms(void);
int64_t clock_us(void);

/* For people, and for what outlives the host's boot: since 1970. */
uint64_t clock_realtime_us(void);
