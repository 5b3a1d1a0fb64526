/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of CPUs and ranges of them. */
#include "config/cpu_list.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

static int add_range(char *text, cpu_set_t *set, struct error **err)
{
    char *dash = strchr(text, '-');
    uint32_t first, last;

    if (dash)
        *dash = '\0';
    int r = parse_u32(text, &first);
    int s = dash ? parse_u32(dash + 1, &last) : r;
    if (dash)
        *dash = '-';
    else
        last = first;
    if (r < 0 || s < 0)
        return fail_plain(err, EINVAL, "'%s' is neither a CPU's number nor a range such as 0-3", text);
    if (last < first)
        return fail_plain(err, EINVAL, "the range '%s' goes backwards", text);
    if (last >= CPU_SETSIZE)
        return fail_plain(err, ERANGE, "'%s' goes beyond CPU %d", text, CPU_SETSIZE - 1);
    for (uint32_t cpu = first; cpu <= last; cpu++)
        CPU_SET(cpu, set);
    return 0;
}

int cpu_list_parse(const char *text, cpu_set_t *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings items = {0};
    cpu_set_t set;

    CPU_ZERO(&set);
    strings_split(&items, text, ", \t");
    for (size_t i = 0; i < items.count; i++)
        if (add_range(items.item[i], &set, err) < 0)
            return -error_code(*err);
    *ret = set;
    return 0;
}
