/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/properties.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"

#define NO_VSOCK_ID UINT32_MAX

/* The length of PATH up to and with its last component that names a unit; 0: there is none. */
static size_t unit_end(const char *path)
{
    size_t end = 0;

    for (const char *at = path; *at;) {
        at += strspn(at, "/");
        size_t length = strcspn(at, "/");
        auto_free char *component = mem_copy_bytes(at, length);

        at += length;
        if (string_ends(component, ".scope") || string_ends(component, ".service"))
            end = (size_t) (at - path);
        /* what is below the first unit may be the payload's own units */
        if (end > 0)
            break;
    }
    return end;
}

char *machine_unit(const struct machine_state *machine)
{
    size_t end = machine->cgroup ? unit_end(machine->cgroup) : 0;

    if (machine->unit)
        return mem_copy_string(machine->unit);
    if (end == 0)
        return NULL;
    auto_free char *path = mem_copy_bytes(machine->cgroup, end);
    return mem_copy_string(path_last(path));
}

char *machine_subgroup(const struct machine_state *machine)
{
    size_t end = machine->cgroup ? unit_end(machine->cgroup) : 0;

    return end > 0 && machine->cgroup[end] == '/' ? mem_copy_string(machine->cgroup + end + 1) : NULL;
}

static uint64_t pidfd_id(uint32_t pid, uint64_t known)
{
    auto_close int fd = known || !pid ? -1 : sys_pidfd_open((pid_t) pid, 0);

    return known ? known : fd >= 0 ? fd_pidfd_id(fd) : 0;
}

static void add(struct machine_properties *list, const char *name, enum property_kind kind, char *text, uint64_t number)
{
    list->item[list->count++] = (struct property){.name = name, .kind = kind, .text = text, .number = number};
}

static void add_text(struct machine_properties *list, const char *name, const char *text)
{
    add(list, name, PROPERTY_TEXT, mem_copy_string(text), 0);
}

static void add_number(struct machine_properties *list, const char *name, uint64_t number)
{
    add(list, name, PROPERTY_NUMBER, NULL, number);
}

void machine_properties_read(const struct machine_state *m, struct machine_properties *ret)
{
    char id[33];

    *ret = (struct machine_properties){0};
    id128_format_plain(m->id, id);
    add_text(ret, "Name", m->name);
    add_text(ret, "Id", id128_is_null(m->id) ? NULL : id);
    add(ret, "Timestamp", PROPERTY_TIMESTAMP, NULL, m->realtime_us);
    add_number(ret, "TimestampMonotonic", m->monotonic_us);
    add_text(ret, "Service", m->service);
    add(ret, "Unit", PROPERTY_TEXT, machine_unit(m), 0);
    add(ret, "Subgroup", PROPERTY_TEXT, machine_subgroup(m), 0);
    add_number(ret, "Leader", m->leader);
    add_number(ret, "LeaderPIDFDId", pidfd_id(m->leader, m->leader_pidfd_id));
    add_number(ret, "Supervisor", m->supervisor);
    add_number(ret, "SupervisorPIDFDId", pidfd_id(m->supervisor, m->supervisor_pidfd_id));
    add_text(ret, "Class", m->class);
    add_text(ret, "RootDirectory", m->root);
    add(ret, "NetworkInterfaces", PROPERTY_LIST, NULL, m->n_netif);
    add_number(ret, "VSockCID", NO_VSOCK_ID);
    add_text(ret, "SSHAddress", NULL);
    add_text(ret, "SSHPrivateKeyPath", NULL);
    add_text(ret, "State", m->leader ? "running" : "opening");
    add_number(ret, "UID", m->uid);
}

void machine_properties_done(struct machine_properties *properties)
{
    for (size_t i = 0; i < properties->count; i++)
        free(properties->item[i].text);
    properties->count = 0;
}
