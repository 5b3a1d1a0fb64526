/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/timestamp.h"

#include <stdio.h>
#include <time.h>

#define SECOND UINT64_C(1000000)

void timestamp_format(uint64_t realtime_us, char ret[TIMESTAMP_SIZE])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    time_t seconds = (time_t) (realtime_us / SECOND);
    struct tm tm;

    if (realtime_us == 0 || !localtime_r(&seconds, &tm)) {
        (void) snprintf(ret, TIMESTAMP_SIZE, "-");
        return;
    }
    (void) snprintf(ret, TIMESTAMP_SIZE, "%s %04d-%02d-%02d %02d:%02d:%02d %s", days[tm.tm_wday], tm.tm_year + 1900,
                    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_zone);
}

void timestamp_format_ago(uint64_t realtime_us, uint64_t now_us, char ret[TIMESTAMP_SIZE])
{
    static const struct {
        uint64_t size, part;
        const char *unit, *unit_one, *part_unit;
    } rows[] = {
        {SECOND * 86400 * 365, SECOND * 86400 * 30, " years", " year", " months"},
        {SECOND * 86400 * 30, SECOND * 86400, " months", " month", " days"},
        {SECOND * 86400 * 7, SECOND * 86400, " weeks", " week", " days"},
        {SECOND * 86400 * 2, 0, " days", " days", ""},
        {SECOND * 86400, SECOND * 3600, " day", " day", "h"},
        {SECOND * 3600, SECOND * 60, "h", "h", "min"},
        {SECOND * 60, SECOND, "min", "min", "s"},
        {SECOND, 0, "s", "s", ""},
        {1000, 0, "ms", "ms", ""},
    };
    uint64_t gone = now_us > realtime_us ? now_us - realtime_us : 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (gone < rows[i].size)
            continue;
        unsigned long long whole = gone / rows[i].size;
        unsigned long long rest = rows[i].part ? gone % rows[i].size / rows[i].part : 0;

        if (rest > 0)
            (void) snprintf(ret, TIMESTAMP_SIZE, "%llu%s %llu%s ago", whole,
                            whole == 1 ? rows[i].unit_one : rows[i].unit, rest, rows[i].part_unit);
        else
            (void) snprintf(ret, TIMESTAMP_SIZE, "%llu%s ago", whole, whole == 1 ? rows[i].unit_one : rows[i].unit);
        return;
    }
    (void) snprintf(ret, TIMESTAMP_SIZE, "just now");
}
