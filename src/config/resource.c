/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/resource.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"
#include "config/cpu_list.h"
#include "config/quantity.h"

static int find_resource(const char *name, size_t length, enum cgroup_resource *ret)
{
    for (size_t i = 0; i < N_RESOURCES; i++) {
        const char *known = cgroup_resource_name((enum cgroup_resource) i);

        if (strlen(known) == length && memcmp(known, name, length) == 0) {
            *ret = (enum cgroup_resource) i;
            return 0;
        }
    }
    return -EINVAL;
}

/* Whether all letters of WORD are in NAME, in this order, from its first to its last. */
static bool is_short_for(const char *word, const char *name)
{
    size_t length = strlen(word);

    if (length < 3 || word[0] != name[0] || word[length - 1] != name[strlen(name) - 1])
        return false;
    for (; *word && *name; name++)
        word += *word == *name;
    return !*word;
}

static int fail_unknown(const char *name, size_t length, struct error **err)
{
    auto_free char *word = mem_copy_bytes(name, length);
    const char *names[N_RESOURCES];

    for (size_t i = 0; i < N_RESOURCES; i++)
        names[i] = cgroup_resource_name((enum cgroup_resource) i);
    const char *nearest = string_nearest(word, names, N_RESOURCES);

    /* cut short rather than misspelt: MemMax, CPUQ */
    for (size_t i = 0; i < N_RESOURCES && !nearest; i++)
        if (is_short_for(word, names[i]))
            nearest = names[i];

    fail_plain(err, EINVAL, "unknown limit '%s='", word);
    fail_id(*err, "R4072");
    if (nearest)
        fail_hint(*err, "did you mean %s=?", nearest);
    else
        fail_hint(*err, "limits are MemoryMax=, MemoryHigh=, CPUQuota=, CPUWeight=, TasksMax=, IOWeight=, AllowedCPUs= "
                        "and their likes in systemd.resource-control(5)");
    return -EINVAL;
}

/* Hundredths of a percent. */
static int read_percent(const char *value, uint64_t *ret)
{
    size_t length = strlen(value);
    uint64_t whole, part = 0;

    if (length < 2 || value[length - 1] != '%')
        return -EINVAL;
    auto_free char *number = mem_copy_bytes(value, length - 1);
    char *point = strchr(number, '.');
    if (point) {
        *point++ = '\0';
        size_t digits = strlen(point);
        if (digits < 1 || digits > 2 || parse_u64(point, &part) < 0)
            return -EINVAL;
        part *= digits == 1 ? 10 : 1;
    }
    if (parse_u64(number, &whole) < 0 || whole > UINT32_MAX)
        return -EINVAL;
    *ret = whole * 100 + part;
    return 0;
}

static int read_amount(const char *value, bool is_size, struct cgroup_limit *ret)
{
    if (!*value || strcmp(value, "infinity") == 0) {
        ret->number = RESOURCE_UNLIMITED;
        return 0;
    }
    if (read_percent(value, &ret->number) == 0) {
        ret->is_share = true;
        return ret->number <= 10000 ? 0 : -ERANGE;
    }
    return is_size ? quantity_parse_bytes(value, &ret->number) : parse_u64(value, &ret->number);
}

static int read_weight(const char *value, struct cgroup_limit *ret)
{
    if (!*value)
        ret->number = RESOURCE_UNLIMITED;
    else if (parse_u64(value, &ret->number) < 0 || ret->number < 1 || ret->number > 10000)
        return -EINVAL;
    return 0;
}

static int read_list(const char *value, struct cgroup_limit *ret)
{
    auto_error struct error *ignored = NULL;
    cpu_set_t set;

    if (strlen(value) >= sizeof ret->list || cpu_list_parse(value, &set, &ignored) < 0)
        return -EINVAL;
    (void) snprintf(ret->list, sizeof ret->list, "%s", value);
    for (char *p = ret->list; *p; p++)
        if (*p == ' ')
            *p = ',';
    return 0;
}

static int read_value(const char *value, struct cgroup_limit *ret, const char **ret_expected)
{
    switch (ret->resource) {
    case RESOURCE_MEMORY_MAX:
    case RESOURCE_MEMORY_HIGH:
    case RESOURCE_MEMORY_LOW:
    case RESOURCE_MEMORY_MIN:
    case RESOURCE_MEMORY_SWAP_MAX:
        *ret_expected = "bytes, with K, M, G or T, a percentage up to 100%, or infinity";
        return read_amount(value, true, ret);
    case RESOURCE_TASKS_MAX:
        *ret_expected = "a number, a percentage up to 100%, or infinity";
        return read_amount(value, false, ret);
    case RESOURCE_CPU_QUOTA:
        *ret_expected = "a percentage of one CPU: 150% is one and a half";
        if (!*value || strcmp(value, "infinity") == 0) {
            ret->number = RESOURCE_UNLIMITED;
            return 0;
        }
        return read_percent(value, &ret->number) < 0 || ret->number == 0 ? -EINVAL : 0;
    case RESOURCE_CPU_WEIGHT:
    case RESOURCE_IO_WEIGHT:
        *ret_expected = "a number from 1 to 10000, 100 is the usual";
        return read_weight(value, ret);
    case RESOURCE_ALLOWED_CPUS:
    case RESOURCE_ALLOWED_MEMORY_NODES:
        *ret_expected = "a list of numbers and ranges, as in 0-3,5";
        return read_list(value, ret);
    case N_RESOURCES:
        break;
    }
    return -EINVAL;
}

int resource_parse(const char *assignment, struct cgroup_limit *ret, struct error **err)
{
    size_t length = strcspn(assignment, "=");
    const char *value = assignment + length + 1, *expected = "";
    struct cgroup_limit limit = {0};

    if (assignment[length] != '=') {
        fail_plain(err, EINVAL, "'%s' is no assignment", assignment);
        fail_id(*err, "R4073");
        fail_hint(*err, "as in MemoryMax=2G");
        return -EINVAL;
    }
    if (find_resource(assignment, length, &limit.resource) < 0)
        return fail_unknown(assignment, length, err);
    if (read_value(value, &limit, &expected) < 0) {
        fail_plain(err, EINVAL, "'%s' is no value for %s=", value, cgroup_resource_name(limit.resource));
        fail_id(*err, "R4074");
        fail_hint(*err, "it is %s", expected);
        return -EINVAL;
    }
    *ret = limit;
    return 0;
}
