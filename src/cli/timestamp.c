/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times and sizes as text, in the words other tools of this kind use. */
#include "cli/timestamp.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

const char *timestamp_format(uint64_t realtime_us, char buffer[TIMESTAMP_SIZE])
{
    time_t seconds = (time_t) (realtime_us / 1000000);
    struct tm local;

    (void) snprintf(buffer, TIMESTAMP_SIZE, "-");
    if (realtime_us != 0 && localtime_r(&seconds, &local))
        (void) strftime(buffer, TIMESTAMP_SIZE, "%a %Y-%m-%d %H:%M:%S %Z", &local);
    return buffer;
}

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)
#define MONTH (UINT64_C(2629800) * SECOND)
#define YEAR (12 * MONTH)

/* A span of at least UNIT is told in that unit and the next smaller one. */
static const struct scale {
    uint64_t unit, part;
    const char *one, *many;                 /* behind the number */
    const char *part_one, *part_many;
    bool part_always;                       /* "3min 0s", but "3 days" */
} scales[] = {
    {YEAR, MONTH, " year", " years", " month", " months", false},
    {MONTH, DAY, " month", " months", " day", " days", false},
    {WEEK, DAY, " week", " weeks", " day", " days", false},
    {DAY, HOUR, " day", " days", "h", "h", false},
    {HOUR, MINUTE, "h", "h", "min", "min", false},
    {MINUTE, SECOND, "min", "min", "s", "s", true},
};

static void format_span(uint64_t span, const char *word, char buffer[TIMESTAMP_SIZE])
{
    for (size_t i = 0; i < COUNT_OF(scales); i++) {
        const struct scale *scale = &scales[i];
        uint64_t n = span / scale->unit, part = span % scale->unit / scale->part;
        const char *unit = n == 1 ? scale->one : scale->many;

        if (n == 0)
            continue;
        if (part == 0 && !scale->part_always)
            (void) snprintf(buffer, TIMESTAMP_SIZE, "%" PRIu64 "%s %s", n, unit, word);
        else
            (void) snprintf(buffer, TIMESTAMP_SIZE, "%" PRIu64 "%s %" PRIu64 "%s %s", n, unit, part,
                            part == 1 ? scale->part_one : scale->part_many, word);
        return;
    }
    if (span >= SECOND)
        (void) snprintf(buffer, TIMESTAMP_SIZE, "%" PRIu64 "s %s", span / SECOND, word);
    else if (span >= 1000)
        (void) snprintf(buffer, TIMESTAMP_SIZE, "%" PRIu64 "ms %s", span / 1000, word);
    else if (span > 0)
        (void) snprintf(buffer, TIMESTAMP_SIZE, "%" PRIu64 "us %s", span, word);
    else
        (void) snprintf(buffer, TIMESTAMP_SIZE, "now");
}

const char *timestamp_format_ago(uint64_t realtime_us, uint64_t now_us, char buffer[TIMESTAMP_SIZE])
{
    if (realtime_us <= now_us)
        format_span(now_us - realtime_us, "ago", buffer);
    else
        format_span(realtime_us - now_us, "left", buffer);
    return buffer;
}

const char *timestamp_format_relative(uint64_t realtime_us, char buffer[TIMESTAMP_SIZE])
{
    return timestamp_format_ago(realtime_us, clock_realtime_us(), buffer);
}

const char *size_format(uint64_t bytes, char buffer[SIZE_TEXT_SIZE])
{
    static const char letters[] = "BKMGTPE";
    unsigned power = 0;
    uint64_t rest = 0;

    while (bytes >= 1024 && power < sizeof letters - 2) {
        rest = bytes % 1024;
        bytes /= 1024;
        power++;
    }
    uint64_t tenths = rest * 10 / 1024;
    if (tenths > 0)
        (void) snprintf(buffer, SIZE_TEXT_SIZE, "%" PRIu64 ".%" PRIu64 "%c", bytes, tenths, letters[power]);
    else
        (void) snprintf(buffer, SIZE_TEXT_SIZE, "%" PRIu64 "%c", bytes, letters[power]);
    return buffer;
}
