/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each resource limit is called and counted in. */
#include "config/rlimit_parse.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"
#include "config/quantity.h"
#include "config/spec.h"

enum unit_of { COUNT, BYTES, SECONDS, MICROSECONDS, NICE_LEVEL };

static const struct {
    int number;
    const char *name;
    enum unit_of unit;
} limits[RESOURCE_LIMITS] = {
    {RLIMIT_CPU, "CPU", SECONDS},         {RLIMIT_FSIZE, "FSIZE", BYTES},
    {RLIMIT_DATA, "DATA", BYTES},         {RLIMIT_STACK, "STACK", BYTES},
    {RLIMIT_CORE, "CORE", BYTES},         {RLIMIT_RSS, "RSS", BYTES},
    {RLIMIT_NPROC, "NPROC", COUNT},       {RLIMIT_NOFILE, "NOFILE", COUNT},
    {RLIMIT_MEMLOCK, "MEMLOCK", BYTES},   {RLIMIT_AS, "AS", BYTES},
    {RLIMIT_LOCKS, "LOCKS", COUNT},       {RLIMIT_SIGPENDING, "SIGPENDING", COUNT},
    {RLIMIT_MSGQUEUE, "MSGQUEUE", BYTES}, {RLIMIT_NICE, "NICE", NICE_LEVEL},
    {RLIMIT_RTPRIO, "RTPRIO", COUNT},     {RLIMIT_RTTIME, "RTTIME", MICROSECONDS},
};

int rlimit_number(const char *name, size_t length)
{
    static const char prefix[] = "RLIMIT_";
    size_t n = sizeof prefix - 1;

    if (length > n && memcmp(name, prefix, n) == 0) {
        name += n;
        length -= n;
    }
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        if (strlen(limits[i].name) == length && memcmp(limits[i].name, name, length) == 0)
            return limits[i].number;
    return -EINVAL;
}

const char *rlimit_name(int number)
{
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        if (limits[i].number == number)
            return limits[i].name;
    return NULL;
}

static enum unit_of unit_of(int number)
{
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        if (limits[i].number == number)
            return limits[i].unit;
    return COUNT;
}

/* The kernel counts nice levels backwards from 20: 1 allows nice 19, 40 allows nice -20. */
static int nice_parse(const char *text, uint64_t *ret)
{
    int32_t level;

    if (parse_i32(text, &level) < 0)
        return -EINVAL;
    if (*text == '+' || *text == '-') {
        if (level < -20 || level > 19)
            return -ERANGE;
        *ret = (uint64_t) (20 - level);
        return 0;
    }
    if (level > 40)
        return -ERANGE;
    *ret = (uint64_t) level;
    return 0;
}

static int value_parse(int number, const char *text, rlim_t *ret)
{
    uint64_t value = 0;
    int r = -EINVAL;

    if (strcmp(text, "infinity") == 0 && unit_of(number) != NICE_LEVEL) {
        *ret = RLIM_INFINITY;
        return 0;
    }
    switch (unit_of(number)) {
    case COUNT:
        r = parse_u64(text + (*text == '+'), &value);
        break;
    case BYTES:
        r = quantity_parse_bytes(text, &value);
        break;
    case SECONDS:
        r = quantity_parse_time(text, 1000000, &value);
        value = value / 1000000 + (value % 1000000 > 0);
        break;
    case MICROSECONDS:
        r = quantity_parse_time(text, 1, &value);
        break;
    case NICE_LEVEL:
        r = nice_parse(text, &value);
        break;
    }
    if (r < 0)
        return r;
    if (value >= (uint64_t) RLIM_INFINITY)
        return -ERANGE;
    *ret = value;
    return 0;
}

static int fail_value(int number, const char *text, int r, struct error **err)
{
    static const char *const takes[] = {
        [COUNT] = "a number or infinity",
        [BYTES] = "bytes with K, M, G or T, or infinity",
        [SECONDS] = "a time such as 90s or 1h 30min, or infinity",
        [MICROSECONDS] = "microseconds or a time such as 500ms, or infinity",
        [NICE_LEVEL] = "a nice level from -20 to +19 with its sign, or 0 to 40 without",
    };

    return fail_plain(err, -r, "'%s' is %s; %s takes %s", text, r == -ERANGE ? "out of range" : "no limit",
                      rlimit_name(number), takes[unit_of(number)]);
}

int rlimit_parse(int number, const char *text, struct rlimit *ret, struct error **err)
{
    const char *colon = strchr(text, ':');
    auto_free char *soft = colon ? mem_copy_bytes(text, (size_t) (colon - text)) : mem_copy_string(text);
    struct rlimit limit;

    int r = value_parse(number, soft, &limit.rlim_cur);
    if (r < 0)
        return fail_value(number, soft, r, err);
    limit.rlim_max = limit.rlim_cur;
    if (colon) {
        r = value_parse(number, colon + 1, &limit.rlim_max);
        if (r < 0)
            return fail_value(number, colon + 1, r, err);
    }
    if (limit.rlim_cur > limit.rlim_max)
        return fail_plain(err, EINVAL, "the soft limit %s is above the hard limit %s", soft, colon + 1);
    *ret = limit;
    return 0;
}

const char *rlimit_value(size_t index, char *buffer)
{
    (void) buffer;
    return index < COUNT_OF(limits) ? limits[index].name : NULL;
}
