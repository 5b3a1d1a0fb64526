/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* timestamp: moments and stretches of time as systemd's tools print them. */
#pragma once

#include <stdint.h>

enum { TIMESTAMP_SIZE = 64 };

/* "Sun 2026-11-22 21:29:55 UTC", in the time zone of the host; "-" for 0. */
void timestamp_format(uint64_t realtime_us, char ret[TIMESTAMP_SIZE]);

/* "3s ago", "1h 2min ago", "2 days ago": of a moment before NOW_US, in its two largest units. */
void timestamp_format_ago(uint64_t realtime_us, uint64_t now_us, char ret[TIMESTAMP_SIZE]);
