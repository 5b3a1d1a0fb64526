/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids of machines' users and groups as the host counts them, and back. */
#include <errno.h>

#include "api/machine_calls.h"
#include "api/service.h"
#include "base/mem.h"
#include "enter/id_ranges.h"

static int read_ranges(const struct machine_state *machine, const char *map, struct id_ranges *ret)
{
    auto_free char *path = mem_format("/proc/%u/%s", machine->leader, map);
    auto_error struct error *ignored = NULL;

    return id_ranges_read(path, ret, &ignored);
}

static const char *error_name(const char *map)
{
    return *map == 'u' ? MACHINE1_NAME ".NoSuchUserMapping" : MACHINE1_NAME ".NoSuchGroupMapping";
}

static int map_from(sd_bus_message *call, struct service *service, const char *map, sd_bus_error *ret)
{
    CLEANUP(id_ranges_done) struct id_ranges ranges = {0};
    auto_error struct error *err = NULL;
    uint32_t inside, outside;
    const char *name;
    int r = sd_bus_message_read(call, "su", &name, &inside);

    if (r < 0)
        return r;
    if (service_find_machine(service, name, &err) < 0)
        return bus_error_of(ret, &err);
    if (read_ranges(&service->machine, map, &ranges) < 0 || id_ranges_to_outside(&ranges, inside, &outside) < 0)
        return sd_bus_error_setf(ret, error_name(map), "Machine '%s' has no matching user mappings.", name);
    return sd_bus_reply_method_return(call, "u", outside);
}

static int map_to(sd_bus_message *call, struct service *service, const char *map, sd_bus_error *ret)
{
    enum { HOST_RANGE = 0x10000 };
    CLEANUP(machine_states_done) struct machine_states states = {0};
    auto_error struct error *err = NULL;
    uint32_t inside, outside;
    int r = sd_bus_message_read(call, "u", &outside);

    if (r < 0)
        return r;
    if (outside < HOST_RANGE)
        return sd_bus_error_setf(ret, error_name(map), "User %u belongs to host UID range", outside);
    if (registry_list(service->registry, &states, &err) < 0)
        return bus_error_of(ret, &err);
    for (size_t i = 0; i < states.count; i++) {
        CLEANUP(id_ranges_done) struct id_ranges ranges = {0};
        auto_free char *path = NULL;

        if (read_ranges(&states.item[i], map, &ranges) < 0 || id_ranges_to_inside(&ranges, outside, &inside) < 0 ||
            inside == outside)
            continue;
        r = sd_bus_path_encode(MACHINE1_PATH "/machine", states.item[i].name, &path);
        return r < 0 ? r : sd_bus_reply_method_return(call, "sou", states.item[i].name, path, inside);
    }
    return sd_bus_error_setf(ret, error_name(map), "No matching user mapping for %u.", outside);
}

int machine_map_from_user(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return map_from(call, data, "uid_map", ret);
}

int machine_map_to_user(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return map_to(call, data, "uid_map", ret);
}

int machine_map_from_group(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return map_from(call, data, "gid_map", ret);
}

int machine_map_to_group(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return map_to(call, data, "gid_map", ret);
}
