/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The section [Resources] of a .nspawn file: limits in the words of systemd.resource-control(5). */
#include "config/option_parsers.h"
#include "config/resource.h"

static int resource_add(struct spec *spec, const char *name, const char *value, struct error **err)
{
    auto_free char *assignment = mem_format("%s=%s", name, value);
    struct cgroup_limit limit;

    if (resource_parse(assignment, &limit, err) < 0)
        return -error_code(*err);
    strings_add(&spec->resources, assignment);
    return 0;
}

#define DEFINE_RESOURCE(parser, name) \
    PARSER(parser) \
    { \
        return resource_add(spec, name, value, err); \
    }

DEFINE_RESOURCE(option_memory_max, "MemoryMax")
DEFINE_RESOURCE(option_memory_high, "MemoryHigh")
DEFINE_RESOURCE(option_memory_low, "MemoryLow")
DEFINE_RESOURCE(option_memory_min, "MemoryMin")
DEFINE_RESOURCE(option_memory_swap_max, "MemorySwapMax")
DEFINE_RESOURCE(option_cpu_quota, "CPUQuota")
DEFINE_RESOURCE(option_cpu_weight, "CPUWeight")
DEFINE_RESOURCE(option_io_weight, "IOWeight")
DEFINE_RESOURCE(option_tasks_max, "TasksMax")
DEFINE_RESOURCE(option_allowed_cpus, "AllowedCPUs")
DEFINE_RESOURCE(option_allowed_memory_nodes, "AllowedMemoryNodes")
