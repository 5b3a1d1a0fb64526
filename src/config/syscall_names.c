/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Look-ups in the generated tables, which live here and nowhere else. The tables come from tools/seccomp_table.c. */
#include "config/syscall_names.h"

#include <string.h>

#include "base/mem.h"

#include "config/seccomp_table.h"

/* Groups are few: one after the other. */
static uint32_t find_group(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(group_names); i++)
        if (strcmp(group_names[i], name) == 0)
            return UINT32_C(1) << i;
    return 0;
}

static const struct syscall_name *find_call(const char *name)
{
    size_t low = 0, high = COUNT_OF(syscall_names);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, syscall_names[middle].name);

        if (order == 0)
            return &syscall_names[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct syscall_name *syscall_next(const char *name, const struct syscall_name *previous)
{
    if (name[0] != '@')
        return previous ? NULL : find_call(name);

    uint32_t group = find_group(name);
    const struct syscall_name *end = syscall_names + COUNT_OF(syscall_names);
    for (const struct syscall_name *call = previous ? previous + 1 : syscall_names; call < end; call++)
        if (call->groups & group)
            return call;
    return NULL;
}

bool seccomp_name_is_known(const char *name)
{
    return name[0] == '@' ? find_group(name) != 0 : find_call(name) != NULL;
}

int syscall_index(const struct syscall_abi *abi, int32_t number)
{
    uint32_t before = 0;

    for (size_t i = 0; i < SYSCALL_RANGES; i++) {
        uint32_t offset = (uint32_t) number - abi->range[i].first;

        if (offset < abi->range[i].count)
            return (int) (before + offset);
        before += abi->range[i].count;
    }
    return -1;
}
