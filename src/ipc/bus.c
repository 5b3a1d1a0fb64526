/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * D-Bus, by way of sd-bus: org.freedesktop.systemd1 for a scope, org.freedesktop.machine1 for registering. What the
 * properties of a scope are is decided in cli/bus_main.c.
 */
#include "ipc/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define MANAGER_NAME "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
/* Where a method of the manager is, for sd_bus_call_method(). */
#define MANAGER MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE

#define MACHINE_NAME "org.freedesktop.machine1"
#define MACHINE_PATH "/org/freedesktop/machine1"
#define MACHINE_INTERFACE "org.freedesktop.machine1.Manager"
#define MACHINES MACHINE_NAME, MACHINE_PATH, MACHINE_INTERFACE

/* A job of a healthy manager takes milliseconds; a unit on its way out may have processes that do not want to end. */
#define JOB_TIMEOUT_US ((uint64_t) 20 * 1000000)
#define REMOVAL_TIMEOUT_US ((uint64_t) 5 * 1000000)

struct bus {
    sd_bus *connection;
    const char *unit;           /* the one that is waited for */
    char *job;                  /* its job, NULL until known */
    char *result;               /* of that job, once it ended */
    struct strings ended;       /* jobs that ended before ours was known, each with its result behind it */
    bool removed;               /* the unit was unloaded */
};

/* -- connection -- */

void bus_closep(struct bus **bus)
{
    if (*bus) {
        sd_bus_flush_close_unref((*bus)->connection);
        strings_done(&(*bus)->ended);
        free((*bus)->job);
        free((*bus)->result);
        free(*bus);
    }
    *bus = NULL;
}

static int open_on(int fd, sd_bus **ret)
{
    __attribute__((cleanup(sd_bus_unrefp))) sd_bus *connection = NULL;
    int r;

    if ((r = sd_bus_new(&connection)) < 0 || (r = sd_bus_set_fd(connection, fd, fd)) < 0 ||
        (r = sd_bus_set_bus_client(connection, true)) < 0 || (r = sd_bus_start(connection)) < 0)
        return r;
    *ret = TAKE(connection);
    return 0;
}

int bus_open(bool user, int connected_fd, struct bus **ret, struct error **err)
{
    CLEANUP(bus_closep) struct bus *bus = mem_alloc(sizeof *bus);

    int r = connected_fd >= 0 ? open_on(connected_fd, &bus->connection)
            : user            ? sd_bus_open_user(&bus->connection)
                              : sd_bus_open_system(&bus->connection);
    if (r < 0) {
        fail(err, -r, "cannot reach the %s bus", user ? "user's" : "system");
        fail_hint(*err, "is a D-Bus daemon running? With --keep-unit and --register=no nobody is asked");
        return r;
    }
    *ret = TAKE(bus);
    return 0;
}

static int fail_call(struct error **err, int code, const sd_bus_error *error, const char *doing)
{
    return error->message ? fail_plain(err, -code, "%s: %s", doing, error->message) : fail(err, -code, "%s", doing);
}

/* -- messages -- */

static int append_words(sd_bus_message *message, const struct bus_property *property)
{
    bool pairs = property->type == BUS_PAIRS;
    int r = sd_bus_message_open_container(message, 'a', pairs ? "(ss)" : "(st)");

    for (size_t i = 0; r >= 0 && i < property->words.count; i += pairs ? 2 : 1)
        r = pairs ? sd_bus_message_append(message, "(ss)", property->words.item[i], property->words.item[i + 1])
                  : sd_bus_message_append(message, "(st)", property->words.item[i], property->number);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_prefixes(sd_bus_message *message, const struct bus_property *property)
{
    int r = sd_bus_message_open_container(message, 'a', "(iayu)");

    for (size_t i = 0; r >= 0 && i < property->n_prefixes; i++) {
        const struct bus_prefix *prefix = &property->prefixes[i];

        if ((r = sd_bus_message_open_container(message, 'r', "iayu")) < 0 ||
            (r = sd_bus_message_append(message, "i", prefix->family)) < 0 ||
            (r = sd_bus_message_append_array(message, 'y', prefix->address, prefix->family == AF_INET ? 4 : 16)) < 0 ||
            (r = sd_bus_message_append(message, "u", prefix->length)) < 0 ||
            (r = sd_bus_message_close_container(message)) < 0)
            return r;
    }
    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_value(sd_bus_message *message, const struct bus_property *property)
{
    switch (property->type) {
    case BUS_STRING:
        return sd_bus_message_append(message, "s", property->words.item[0]);
    case BUS_BOOLEAN:
        return sd_bus_message_append(message, "b", (int) property->number);
    case BUS_INT32:
        return sd_bus_message_append(message, "i", (int32_t) property->number);
    case BUS_UINT32:
        return sd_bus_message_append(message, "u", (uint32_t) property->number);
    case BUS_UINT64:
        return sd_bus_message_append(message, "t", property->number);
    case BUS_STRINGS:
        return sd_bus_message_append_strv(message, property->words.item);
    case BUS_BYTES:
        return sd_bus_message_append_array(message, 'y', property->bytes, property->n_bytes);
    case BUS_PAIRS:
    case BUS_NUMBERED:
        return append_words(message, property);
    case BUS_PREFIXES:
        return append_prefixes(message, property);
    }
    return -EINVAL;
}

static int append_property(sd_bus_message *message, const struct bus_property *property)
{
    static const char *const signatures[] = {
        [BUS_STRING] = "s",   [BUS_BOOLEAN] = "b", [BUS_INT32] = "i",     [BUS_UINT32] = "u",     [BUS_UINT64] = "t",
        [BUS_STRINGS] = "as", [BUS_BYTES] = "ay",  [BUS_PAIRS] = "a(ss)", [BUS_NUMBERED] = "a(st)",
        [BUS_PREFIXES] = "a(iayu)",
    };
    int r;

    if ((r = sd_bus_message_open_container(message, 'r', "sv")) < 0 ||
        (r = sd_bus_message_append(message, "s", property->name)) < 0 ||
        (r = sd_bus_message_open_container(message, 'v', signatures[property->type])) < 0 ||
        (r = append_value(message, property)) < 0 || (r = sd_bus_message_close_container(message)) < 0)
        return r;
    return sd_bus_message_close_container(message);
}

/* StartTransientUnit(name, mode, properties, no auxiliary units). */
static int make_start_message(struct bus *bus, const char *unit, uint32_t leader, bool with_optional,
                              const struct bus_properties *properties, sd_bus_message **ret)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL;
    int r;

    if ((r = sd_bus_message_new_method_call(bus->connection, &message, MANAGER, "StartTransientUnit")) < 0 ||
        (r = sd_bus_message_append(message, "ss", unit, "fail")) < 0 ||
        (r = sd_bus_message_open_container(message, 'a', "(sv)")) < 0)
        return r;
    for (size_t i = 0; i < properties->count; i++)
        if ((with_optional || !properties->item[i].optional) &&
            (r = append_property(message, &properties->item[i])) < 0)
            return r;
    if ((r = sd_bus_message_append(message, "(sv)", "PIDs", "au", 1, leader)) < 0 ||
        (r = sd_bus_message_close_container(message)) < 0 ||
        (r = sd_bus_message_append(message, "a(sa(sv))", 0)) < 0)
        return r;
    *ret = TAKE(message);
    return 0;
}

/* -- signals of the manager -- */

static int on_job_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
    struct bus *bus = data;
    const char *job, *unit, *result;
    uint32_t id;

    (void) error;
    if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) < 0)
        return 0;
    if (bus->job && strcmp(bus->job, job) == 0) {
        free(bus->result);
        bus->result = mem_copy_string(result);
    } else if (!bus->job && strcmp(unit, bus->unit) == 0) {
        strings_add(&bus->ended, job);
        strings_add(&bus->ended, result);
    }
    return 0;
}

static int on_unit_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
    struct bus *bus = data;
    const char *unit, *path;

    (void) error;
    if (sd_bus_message_read(message, "so", &unit, &path) >= 0 && strcmp(unit, bus->unit) == 0)
        bus->removed = true;
    return 0;
}

/* Before anything is asked, so that no answer is missed. */
static int listen_to_manager(struct bus *bus, struct error **err)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
    int r;

    if ((r = sd_bus_match_signal(bus->connection, NULL, MANAGER, "JobRemoved", on_job_removed, bus)) < 0 ||
        (r = sd_bus_match_signal(bus->connection, NULL, MANAGER, "UnitRemoved", on_unit_removed, bus)) < 0 ||
        (r = sd_bus_call_method(bus->connection, MANAGER, "Subscribe", &error, NULL, NULL)) < 0)
        return fail_call(err, r, &error, "cannot listen to the service manager");
    return 0;
}

static bool job_has_ended(const struct bus *bus)
{
    return bus->result != NULL;
}

static bool unit_is_removed(const struct bus *bus)
{
    return bus->removed;
}

/* Handles messages until IS_DONE. -ETIMEDOUT without an error object, or what the connection fails with. */
static int wait_until(struct bus *bus, bool (*is_done)(const struct bus *bus), uint64_t timeout_us)
{
    uint64_t deadline_us = (uint64_t) clock_us() + timeout_us;

    while (!is_done(bus)) {
        int r = sd_bus_process(bus->connection, NULL);
        if (r < 0)
            return r;
        if (r > 0)
            continue;

        uint64_t now = (uint64_t) clock_us();
        if (now >= deadline_us)
            return -ETIMEDOUT;
        r = sd_bus_wait(bus->connection, deadline_us - now);
        if (r < 0 && r != -EINTR)
            return r;
    }
    return 0;
}

/* -- a scope -- */

static int unit_property(struct bus *bus, const char *interface, const char *property, char **ret, sd_bus_error *error)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
    const char *path;

    int r = sd_bus_call_method(bus->connection, MANAGER, "GetUnit", error, &reply, "s", bus->unit);
    if (r < 0 || (r = sd_bus_message_read(reply, "o", &path)) < 0)
        return r;
    return sd_bus_get_property_string(bus->connection, MANAGER_NAME, path, interface, property, error, ret);
}

/* Whether the unit's control group has processes. The manager takes a moment to notice that the last one is gone. */
static bool unit_is_populated(struct bus *bus)
{
    static const char *const hierarchies[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
    auto_free char *cgroup = NULL;

    if (unit_property(bus, "org.freedesktop.systemd1.Scope", "ControlGroup", &cgroup, &error) < 0)
        return true;
    for (size_t i = 0; *cgroup && i < COUNT_OF(hierarchies); i++) {
        auto_free char *path = mem_format("%s%s/cgroup.events", hierarchies[i], cgroup);
        auto_free char *text = NULL;

        if (file_read_quiet(AT_FDCWD, path, 4096, &text) == 0 && strstr(text, "populated 1"))
            return true;
    }
    return false;
}

/* The name is taken. Waits until it is free, if it is about to be. */
static int await_removal(struct bus *bus, const char *said, struct error **err)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
    auto_free char *state = NULL;

    int r = unit_property(bus, "org.freedesktop.systemd1.Unit", "ActiveState", &state, &error);
    if (r < 0)
        return 0;       /* gone since then */
    if (strcmp(state, "failed") == 0) {
        /* no match for an answer: should the unit be gone already, the second try shows it */
        (void) sd_bus_call_method(bus->connection, MANAGER, "ResetFailedUnit", NULL, NULL, "s", bus->unit);
    } else if (strcmp(state, "active") == 0 && unit_is_populated(bus)) {
        fail_plain(err, EEXIST, "Failed to allocate scope: %s", said);
        fail_hint(*err, "'systemctl status %s' shows what is in it, --machine= gives this machine another name",
                  bus->unit);
        return -EEXIST;
    }
    r = wait_until(bus, unit_is_removed, REMOVAL_TIMEOUT_US);
    if (r == -ETIMEDOUT)
        return fail_plain(err, EEXIST, "Failed to allocate scope: %s", said);
    return r < 0 ? fail(err, -r, "the connection to the service manager is lost") : 0;
}

/* JOB is ours; it may have ended before its name came. */
static void take_job(struct bus *bus, const char *job)
{
    bus->job = mem_copy_string(job);
    for (size_t i = 0; i + 1 < bus->ended.count; i += 2)
        if (strcmp(bus->ended.item[i], job) == 0)
            bus->result = mem_copy_string(bus->ended.item[i + 1]);
}

static int call_start(struct bus *bus, uint32_t leader, bool with_optional, const struct bus_properties *properties,
                      sd_bus_error *error)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL;
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
    const char *job;
    int r;

    if ((r = make_start_message(bus, bus->unit, leader, with_optional, properties, &message)) < 0 ||
        (r = sd_bus_call(bus->connection, message, JOB_TIMEOUT_US, error, &reply)) < 0 ||
        (r = sd_bus_message_read(reply, "o", &job)) < 0)
        return r;

    take_job(bus, job);
    return 0;
}

/* Older managers do not know each property, and scopes that just ended are in the way: both get another try. */
static int start_unit(struct bus *bus, uint32_t leader, const struct bus_properties *properties, struct error **err)
{
    bool with_optional = true, waited = false;

    for (;;) {
        __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = call_start(bus, leader, with_optional, properties, &error);

        if (r >= 0)
            return 0;
        if (with_optional && sd_bus_error_has_name(&error, "org.freedesktop.DBus.Error.PropertyReadOnly"))
            with_optional = false;
        else if (!waited && sd_bus_error_has_name(&error, "org.freedesktop.systemd1.UnitExists")) {
            waited = true;
            if (await_removal(bus, error.message ? error.message : "the unit exists", err) < 0)
                return -error_code(*err);
        } else
            return fail_call(err, r, &error, "Failed to allocate scope");
    }
}

int bus_start_scope(struct bus *bus, const char *unit, uint32_t leader, const struct bus_properties *properties,
                    char **ret_cgroup, struct error **err)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;

    bus->unit = unit;
    if (listen_to_manager(bus, err) < 0 || start_unit(bus, leader, properties, err) < 0)
        return -error_code(*err);

    int r = wait_until(bus, job_has_ended, JOB_TIMEOUT_US);
    if (r < 0)
        return fail(err, -r, "Failed to allocate scope: no word of %s", unit);
    if (strcmp(bus->result, "done") != 0)
        return fail_plain(err, EIO, "Failed to allocate scope: the job of %s ended as '%s'", unit, bus->result);

    r = unit_property(bus, "org.freedesktop.systemd1.Scope", "ControlGroup", ret_cgroup, &error);
    return r < 0 ? fail_call(err, r, &error, "cannot find out the scope's control group") : 0;
}

/* -- units that exist -- */

static int fail_unit_call(const struct bus *bus, int code, const sd_bus_error *error, const char *doing,
                          struct error **err)
{
    if (sd_bus_error_has_name(error, "org.freedesktop.systemd1.NoSuchUnit")) {
        fail_plain(err, ENOENT, "%s %s: the service manager knows no such unit", doing, bus->unit);
        fail_hint(*err, "the template systemd-nspawn@.service comes with redd: see redd-machines(1), and run "
                        "'systemctl daemon-reload' after it was installed");
        return -ENOENT;
    }
    return error->message ? fail_plain(err, -code, "%s %s: %s", doing, bus->unit, error->message)
                          : fail(err, -code, "%s %s", doing, bus->unit);
}

int bus_run_job(struct bus *bus, const char *method, const char *mode, const char *unit, uint64_t timeout_us,
                struct error **err)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
    const char *doing = strcmp(method, "StartUnit") == 0 ? "cannot start" : "cannot stop", *job;

    bus->unit = unit;
    if (listen_to_manager(bus, err) < 0)
        return -error_code(*err);
    int r = sd_bus_call_method(bus->connection, MANAGER, method, &error, &reply, "ss", unit, mode);
    if (r < 0 || (r = sd_bus_message_read(reply, "o", &job)) < 0)
        return fail_unit_call(bus, r, &error, doing, err);
    take_job(bus, job);

    r = wait_until(bus, job_has_ended, timeout_us);
    if (r < 0)
        return fail(err, -r, "%s %s: no word of its job", doing, unit);
    if (strcmp(bus->result, "done") == 0 || strcmp(bus->result, "skipped") == 0)
        return 0;
    fail_plain(err, EIO, "%s %s: its job ended as '%s'", doing, unit, bus->result);
    fail_hint(*err, "'systemctl status %s' and 'journalctl -u %s' say more", unit, unit);
    return -EIO;
}

int bus_reload(struct bus *bus, struct error **err)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = sd_bus_call_method(bus->connection, MANAGER, "Reload", &error, NULL, NULL);

    return r < 0 ? fail_call(err, r, &error, "the service manager does not reload its units") : 0;
}

int bus_set_properties(struct bus *bus, const char *unit, bool runtime, const struct bus_properties *properties,
                       struct error **err)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL;
    int r;

    bus->unit = unit;
    if ((r = sd_bus_message_new_method_call(bus->connection, &message, MANAGER, "SetUnitProperties")) < 0 ||
        (r = sd_bus_message_append(message, "sb", unit, (int) runtime)) < 0 ||
        (r = sd_bus_message_open_container(message, 'a', "(sv)")) < 0)
        return fail_unit_call(bus, r, &error, "cannot set properties of", err);
    for (size_t i = 0; i < properties->count; i++)
        if ((r = append_property(message, &properties->item[i])) < 0)
            return fail_unit_call(bus, r, &error, "cannot set properties of", err);
    if ((r = sd_bus_message_close_container(message)) < 0 ||
        (r = sd_bus_call(bus->connection, message, JOB_TIMEOUT_US, &error, NULL)) < 0)
        return fail_unit_call(bus, r, &error, "cannot set properties of", err);
    return 0;
}

/* -- machines -- */

int bus_register_machine(struct bus *bus, const struct bus_machine_entry *machine, struct error **err)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL;
    size_t id_size = id128_is_null(machine->id) ? 0 : sizeof machine->id.byte;
    int r;

    if ((r = sd_bus_message_new_method_call(bus->connection, &message, MACHINES, "RegisterMachineWithNetwork")) < 0 ||
        (r = sd_bus_message_append(message, "s", machine->name)) < 0 ||
        (r = sd_bus_message_append_array(message, 'y', machine->id.byte, id_size)) < 0 ||
        (r = sd_bus_message_append(message, "ssus", machine->service, machine->class, machine->leader,
                                   machine->root)) < 0 ||
        (r = sd_bus_message_append_array(message, 'i', machine->netif, machine->n_netif * sizeof(int32_t))) < 0 ||
        (r = sd_bus_call(bus->connection, message, JOB_TIMEOUT_US, &error, NULL)) < 0) {
        if (sd_bus_error_has_name(&error, "org.freedesktop.machine1.MachineExists"))
            r = -EEXIST;
        return fail_call(err, r, &error, "Failed to register machine");
    }
    return 0;
}

int bus_unregister_machine(struct bus *bus, const char *name, struct error **err)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;

    int r = sd_bus_call_method(bus->connection, MACHINES, "UnregisterMachine", &error, NULL, "s", name);
    if (r < 0 && !sd_bus_error_has_name(&error, "org.freedesktop.machine1.NoSuchMachine"))
        return fail_call(err, r, &error, "Failed to unregister machine");
    return 0;
}
