/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * org.freedesktop.machine1: its manager and an object for each machine. Most calls exist twice, at the manager with the
 * name of a machine in front, and at the machine's object without; both come to the same function, which finds the
 * machine in service->machine. What they do is in machine_calls.c.
 */
#include <errno.h>
#include <string.h>

#include "api/machine_calls.h"
#include "api/machine_properties.h"
#include "api/service.h"
#include "base/cgroup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/image_info.h"

void service_host_machine(struct machine_state *ret)
{
    auto_free char *id = NULL;

    machine_state_done(ret);
    *ret = (struct machine_state){
        .name = mem_copy_string(".host"), .class = mem_copy_string("host"), .root = mem_copy_string("/"),
        .unit = mem_copy_string("-.slice"), .leader = 1,
    };
    if (file_read_quiet(AT_FDCWD, "/etc/machine-id", 64, &id) == 0)
        (void) id128_parse(string_trim(id), &ret->id);
}

bool service_machine_is_host(const struct service *service)
{
    return string_equal(service->machine.class, "host");
}

int refuse_host(sd_bus_error *ret)
{
    return sd_bus_error_set(ret, SD_BUS_ERROR_NOT_SUPPORTED, "Not supported for non-container machines.");
}

int service_find_machine(struct service *service, const char *name, struct error **err)
{
    machine_state_done(&service->machine);
    service->machine = (struct machine_state){0};
    if (strcmp(name, ".host") == 0) {
        service_host_machine(&service->machine);
        return 0;
    }
    if (registry_get(service->registry, name, &service->machine, err) == 0)
        return 0;
    error_freep(err);
    return fail_plain(err, ENXIO, "No machine '%s' known", name);
}

/* -- the manager's calls: a name in front -- */

static const struct named_kind machines;

#define CALL(name) NAMED_CALL(machines, name, machine_##name)

CALL(terminate)
CALL(kill)
CALL(get_addresses)
CALL(get_ssh_info)
CALL(get_os_release)
CALL(get_uid_shift)
CALL(open_pty)
CALL(open_login)
CALL(open_shell)
CALL(bind_mount)
CALL(copy_from)
CALL(copy_to)
CALL(copy_from_with_flags)
CALL(copy_to_with_flags)
CALL(open_root_directory)

static int manager_unregister(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return named_call(&machines, call, data, ret, machine_unregister);
}

static int get_machine(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    (void) ret;
    return named_reply_path(&machines, call, service->machine.name);
}

static int manager_get_machine(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return named_call(&machines, call, data, ret, get_machine);
}

/* Whether PID is among the processes below the control group of a machine, or is its first. */
static bool is_process_of(const struct machine_state *machine, uint32_t pid)
{
    auto_free char *text = NULL;
    char path[48];
    const char *tail = machine->cgroup;

    if (machine->leader == pid || machine->supervisor == pid)
        return true;
    (void) snprintf(path, sizeof path, "/proc/%u/cgroup", pid);
    if (!tail || file_read_quiet(AT_FDCWD, path, 16384, &text) < 0)
        return false;
    /* the path behind the place where the hierarchy is mounted */
    static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    for (size_t i = 0; i < COUNT_OF(mounts); i++)
        if (string_starts(tail, mounts[i])) {
            tail += strlen(mounts[i]);
            break;
        }
    auto_free char *group = cgroup_of_text(text);
    return group && path_is_below(group, tail);
}

static int manager_get_machine_by_pid(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    CLEANUP(machine_states_done) struct machine_states states = {0};
    __attribute__((cleanup(sd_bus_creds_unrefp))) sd_bus_creds *creds = NULL;
    auto_error struct error *err = NULL;
    struct service *service = data;
    uint32_t pid;
    pid_t caller;
    int r = sd_bus_message_read(call, "u", &pid);

    if (r < 0)
        return r;
    if (pid == 0 && sd_bus_query_sender_creds(call, SD_BUS_CREDS_PID, &creds) >= 0 &&
        sd_bus_creds_get_pid(creds, &caller) >= 0)
        pid = (uint32_t) caller;
    if (registry_list(service->registry, &states, &err) < 0)
        return bus_error_of(ret, &err);
    for (size_t i = 0; i < states.count; i++)
        if (is_process_of(&states.item[i], pid))
            return named_reply_path(&machines, call, states.item[i].name);
    return sd_bus_error_setf(ret, MACHINE1_NAME ".NoMachineForPID", "PID %u does not belong to any known machine", pid);
}

static int append_machine(sd_bus_message *reply, const struct machine_state *machine)
{
    auto_free char *path = NULL;
    int r = sd_bus_path_encode(MACHINE1_PATH "/machine", machine->name, &path);

    return r < 0 ? r
                 : sd_bus_message_append(reply, "(ssso)", machine->name, machine->class ? machine->class : "",
                                         machine->service ? machine->service : "", path);
}

static int manager_list_machines(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
    CLEANUP(machine_states_done) struct machine_states states = {0};
    CLEANUP(machine_state_done) struct machine_state host = {0};
    auto_error struct error *err = NULL;
    struct service *service = data;
    int r;

    if (registry_list(service->registry, &states, &err) < 0)
        return bus_error_of(ret, &err);
    service_host_machine(&host);
    if ((r = sd_bus_message_new_method_return(call, &reply)) < 0 ||
        (r = sd_bus_message_open_container(reply, 'a', "(ssso)")) < 0 || (r = append_machine(reply, &host)) < 0)
        return r;
    for (size_t i = 0; i < states.count; i++)
        if ((r = append_machine(reply, &states.item[i])) < 0)
            return r;
    r = sd_bus_message_close_container(reply);
    return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int pool_get(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                    void *data, sd_bus_error *ret)
{
    auto_free char *folder = image_new_folder(false);
    struct image_info info;

    (void) bus, (void) path, (void) interface, (void) data, (void) ret;
    if (strcmp(property, "PoolPath") == 0)
        return sd_bus_message_append(reply, "s", folder);
    image_pool_read(folder, &info);
    return sd_bus_message_append(reply, "t", strcmp(property, "PoolUsage") == 0 ? info.usage : info.limit);
}

/* -- tables -- */

enum { OPEN = SD_BUS_VTABLE_UNPRIVILEGED };     /* who may is decided by each call */

/* clang-format off */
static const sd_bus_vtable manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("PoolPath", "s", pool_get, 0, 0),
    SD_BUS_PROPERTY("PoolUsage", "t", pool_get, 0, 0),
    SD_BUS_PROPERTY("PoolLimit", "t", pool_get, 0, 0),
    SD_BUS_METHOD("GetMachine", "s", "o", manager_get_machine, OPEN),
    SD_BUS_METHOD("GetMachineByPID", "u", "o", manager_get_machine_by_pid, OPEN),
    SD_BUS_METHOD("ListMachines", "", "a(ssso)", manager_list_machines, OPEN),
    SD_BUS_METHOD("CreateMachine", "sayssusa(sv)", "o", machine_call_create, OPEN),
    SD_BUS_METHOD("CreateMachineWithNetwork", "sayssusaia(sv)", "o", machine_call_create_with_network, OPEN),
    SD_BUS_METHOD("RegisterMachine", "sayssus", "o", machine_call_register, OPEN),
    SD_BUS_METHOD("RegisterMachineWithNetwork", "sayssusai", "o", machine_call_register_with_network, OPEN),
    SD_BUS_METHOD("UnregisterMachine", "s", "", manager_unregister, OPEN),
    SD_BUS_METHOD("TerminateMachine", "s", "", manager_terminate, OPEN),
    SD_BUS_METHOD("KillMachine", "ssi", "", manager_kill, OPEN),
    SD_BUS_METHOD("GetMachineAddresses", "s", "a(iay)", manager_get_addresses, OPEN),
    SD_BUS_METHOD("GetMachineSSHInfo", "s", "ss", manager_get_ssh_info, OPEN),
    SD_BUS_METHOD("GetMachineOSRelease", "s", "a{ss}", manager_get_os_release, OPEN),
    SD_BUS_METHOD("GetMachineUIDShift", "s", "u", manager_get_uid_shift, OPEN),
    SD_BUS_METHOD("OpenMachinePTY", "s", "hs", manager_open_pty, OPEN),
    SD_BUS_METHOD("OpenMachineLogin", "s", "hs", manager_open_login, OPEN),
    SD_BUS_METHOD("OpenMachineShell", "sssasas", "hs", manager_open_shell, OPEN),
    SD_BUS_METHOD("BindMountMachine", "sssbb", "", manager_bind_mount, OPEN),
    SD_BUS_METHOD("CopyFromMachine", "sss", "", manager_copy_from, OPEN),
    SD_BUS_METHOD("CopyToMachine", "sss", "", manager_copy_to, OPEN),
    SD_BUS_METHOD("CopyFromMachineWithFlags", "ssst", "", manager_copy_from_with_flags, OPEN),
    SD_BUS_METHOD("CopyToMachineWithFlags", "ssst", "", manager_copy_to_with_flags, OPEN),
    SD_BUS_METHOD("OpenMachineRootDirectory", "s", "h", manager_open_root_directory, OPEN),
    SD_BUS_METHOD("MapFromMachineUser", "su", "u", machine_map_from_user, OPEN),
    SD_BUS_METHOD("MapToMachineUser", "u", "sou", machine_map_to_user, OPEN),
    SD_BUS_METHOD("MapFromMachineGroup", "su", "u", machine_map_from_group, OPEN),
    SD_BUS_METHOD("MapToMachineGroup", "u", "sou", machine_map_to_group, OPEN),
    SD_BUS_SIGNAL("MachineNew", "so", 0),
    SD_BUS_SIGNAL("MachineRemoved", "so", 0),
    SD_BUS_VTABLE_END,
};

static const sd_bus_vtable object_vtable[] = {
    SD_BUS_VTABLE_START(0),
    MACHINE_PROPERTIES,
    SD_BUS_METHOD("Terminate", "", "", object_terminate, OPEN),
    SD_BUS_METHOD("Kill", "si", "", object_kill, OPEN),
    SD_BUS_METHOD("GetAddresses", "", "a(iay)", object_get_addresses, OPEN),
    SD_BUS_METHOD("GetSSHInfo", "", "ss", object_get_ssh_info, OPEN),
    SD_BUS_METHOD("GetOSRelease", "", "a{ss}", object_get_os_release, OPEN),
    SD_BUS_METHOD("GetUIDShift", "", "u", object_get_uid_shift, OPEN),
    SD_BUS_METHOD("OpenPTY", "", "hs", object_open_pty, OPEN),
    SD_BUS_METHOD("OpenLogin", "", "hs", object_open_login, OPEN),
    SD_BUS_METHOD("OpenShell", "ssasas", "hs", object_open_shell, OPEN),
    SD_BUS_METHOD("BindMount", "ssbb", "", object_bind_mount, OPEN),
    SD_BUS_METHOD("CopyFrom", "ss", "", object_copy_from, OPEN),
    SD_BUS_METHOD("CopyTo", "ss", "", object_copy_to, OPEN),
    SD_BUS_METHOD("CopyFromWithFlags", "sst", "", object_copy_from_with_flags, OPEN),
    SD_BUS_METHOD("CopyToWithFlags", "sst", "", object_copy_to_with_flags, OPEN),
    SD_BUS_METHOD("OpenRootDirectory", "", "h", object_open_root_directory, OPEN),
    SD_BUS_VTABLE_END,
};
/* clang-format on */

/* -- objects -- */

static int list_names(struct service *service, struct strings *ret, struct error **err)
{
    CLEANUP(machine_states_done) struct machine_states states = {0};

    if (registry_list(service->registry, &states, err) < 0)
        return -error_code(*err);
    strings_add(ret, ".host");
    for (size_t i = 0; i < states.count; i++)
        strings_add(ret, states.item[i].name);
    return 0;
}

static const struct named_kind machines = {
    MACHINE1_PATH "/machine", MACHINE1_NAME ".Machine", object_vtable, service_find_machine, list_names,
};

int machine_manager_add(struct service *service, struct error **err)
{
    service->machines = (struct named_objects){service, &machines};

    int r = sd_bus_add_object_vtable(service->bus, NULL, MACHINE1_PATH, MACHINE1_NAME ".Manager", manager_vtable,
                                     service);
    if (r >= 0)
        r = named_objects_add(&service->machines);
    return r < 0 ? fail_bus(err, r, "put the machines on the bus") : 0;
}
