/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* timestamp: moments, stretches of time and sizes, as systemd's tools print them. */
#pragma once

#include <stdint.h>

enum { TIMESTAMP_SIZE = 64, SIZE_TEXT_SIZE = 24 };

/* "Wed 2026-11-25 09:30:18 UTC", in the time zone of the host; "-" for 0. Returns BUFFER. */
const char *timestamp_format(uint64_t realtime_us, char buffer[TIMESTAMP_SIZE]);

/* How long before NOW_US, in its two largest units: "32ms ago", "5h 24min ago", "2 months 3 days ago"; "3s left" for
 * what is to come. Returns BUFFER. */
const char *timestamp_format_ago(uint64_t realtime_us, uint64_t now_us, char buffer[TIMESTAMP_SIZE]);
/* The same, counted from now. */
const char *timestamp_format_relative(uint64_t realtime_us, char buffer[TIMESTAMP_SIZE]);

/* "10M", "1.5G", "512B": to base 1024, with one digit behind the point where it is not zero. Returns BUFFER. */
const char *size_format(uint64_t bytes, char buffer[SIZE_TEXT_SIZE]);
