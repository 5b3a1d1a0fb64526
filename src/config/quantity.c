/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers with units. Exact: a fraction is kept as digits over a power of ten, no floating point. */
#include "config/quantity.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit byte_units[] = {
    {"B", 1},
    {"K", UINT64_C(1) << 10},
    {"M", UINT64_C(1) << 20},
    {"G", UINT64_C(1) << 30},
    {"T", UINT64_C(1) << 40},
    {"P", UINT64_C(1) << 50},
    {"E", UINT64_C(1) << 60},
};

#define MSEC UINT64_C(1000)
#define SEC UINT64_C(1000000)
#define DAY (86400 * SEC)

/* A month and a year are the averages over a leap cycle, as in systemd.time(7). */
static const struct unit time_units[] = {
    {"us", 1},          {"usec", 1},         {"µs", 1},
    {"ms", MSEC},       {"msec", MSEC},
    {"s", SEC},         {"sec", SEC},        {"second", SEC},      {"seconds", SEC},
    {"m", 60 * SEC},    {"min", 60 * SEC},   {"minute", 60 * SEC}, {"minutes", 60 * SEC},
    {"h", 3600 * SEC},  {"hr", 3600 * SEC},  {"hour", 3600 * SEC}, {"hours", 3600 * SEC},
    {"d", DAY},         {"day", DAY},        {"days", DAY},
    {"w", 7 * DAY},     {"week", 7 * DAY},   {"weeks", 7 * DAY},
    {"M", 2629800 * SEC},  {"month", 2629800 * SEC}, {"months", 2629800 * SEC},
    {"y", 31557600 * SEC}, {"year", 31557600 * SEC}, {"years", 31557600 * SEC},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits, and up to six more behind a point, at *AT: WHOLE + FRACTION / SCALE. */
static int read_number(const char **at, uint64_t *ret_whole, uint64_t *ret_fraction, uint64_t *ret_scale)
{
    uint64_t whole = 0, fraction = 0, scale = 1;
    const char *p = *at;

    if (!is_digit(*p))
        return -EINVAL;
    for (; is_digit(*p); p++)
        if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, (uint64_t) (*p - '0'), &whole))
            return -ERANGE;
    if (*p == '.')
        for (p++; is_digit(*p); p++)
            if (scale < 1000000) {
                fraction = fraction * 10 + (uint64_t) (*p - '0');
                scale *= 10;
            }
    *at = p;
    *ret_whole = whole;
    *ret_fraction = fraction;
    *ret_scale = scale;
    return 0;
}

/* The factor of the unit at *AT, passed over; DEFAULT_FACTOR where there is none. */
static int read_unit(const char **at, const struct unit *units, size_t n, uint64_t default_factor, uint64_t *ret)
{
    size_t length = strcspn(*at, "0123456789 \t");

    if (length == 0) {
        *ret = default_factor;
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, *at, length) == 0) {
            *ret = units[i].factor;
            *at += length;
            return 0;
        }
    return -EINVAL;
}

static int parse_sum(const char *text, const struct unit *units, size_t n, uint64_t default_factor, uint64_t *ret)
{
    uint64_t sum = 0;

    text += strspn(text, " \t");
    if (!*text)
        return -EINVAL;
    while (*text) {
        uint64_t whole, fraction, scale, factor, part;
        int r = read_number(&text, &whole, &fraction, &scale);

        if (r < 0)
            return r;
        text += strspn(text, " \t");
        r = read_unit(&text, units, n, default_factor, &factor);
        if (r < 0)
            return r;
        /* factor * fraction / scale in halves that cannot overflow: fraction < scale <= 10^6 */
        uint64_t more = factor / scale * fraction + factor % scale * fraction / scale;
        if (__builtin_mul_overflow(whole, factor, &part) || __builtin_add_overflow(part, more, &part) ||
            __builtin_add_overflow(sum, part, &sum))
            return -ERANGE;
        text += strspn(text, " \t");
    }
    *ret = sum;
    return 0;
}

int quantity_parse_bytes(const char *text, uint64_t *ret)
{
    return parse_sum(text, byte_units, COUNT_OF(byte_units), 1, ret);
}

int quantity_parse_time(const char *text, uint64_t default_unit, uint64_t *ret)
{
    return parse_sum(text, time_units, COUNT_OF(time_units), default_unit, ret);
}
