/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * redd-bus: asks the service manager and the machine manager of the host for one thing and ends. A program of its own,
 * since a bus library is more than a whole start of a container may cost, and since the runner is static.
 *
 *     redd-bus [--user] [--packed] scope NAME --leader=PID [--slice=SLICE] [--boot] [--property=ASSIGNMENT]...
 *     redd-bus [--user] [--packed] register NAME --leader=PID [--uuid=ID] [--service=WORD] [--class=WORD] [--root=PATH]
 *                                                [--netif=INDEX]... [--bus-fd=FD]
 *     redd-bus [--user] [--packed] unregister NAME
 *     redd-bus [--user] [--packed] start-unit UNIT
 *     redd-bus [--user] [--packed] stop-unit UNIT
 *     redd-bus [--user] [--packed] set-property UNIT [--runtime] --property=ASSIGNMENT...
 *     redd-bus [--user] [--packed] reload all
 *
 * The answer is one line on standard output and status 0: for `scope`, its control group. An error goes to standard
 * error for people, or with --packed to standard output for the caller (ipc/bus_client.c), and the status is 1.
 * --bus-fd= is a fresh connection to the bus; what is said over it comes from the process that made it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/report.h"
#include "cli/unit_property.h"
#include "ipc/bus.h"

struct request {
    bool user, packed, boots, runtime;
    const char *word, *name;
    uint32_t leader;
    int bus_fd;
    const char *slice, *service, *class, *root;
    struct id128 id;
    struct strings properties;
    int32_t *netif;
    size_t n_netif;
};

static void request_done(struct request *request)
{
    strings_done(&request->properties);
    free(request->netif);
}

/* -- words -- */

static int read_number(const char *value, uint32_t *ret, struct error **err)
{
    if (parse_u32(value, ret) < 0 || *ret == 0 || *ret > INT32_MAX)
        return fail_plain(err, EINVAL, "'%s' is not a number above 0", value);
    return 0;
}

static int read_netif(struct request *request, const char *value, struct error **err)
{
    uint32_t index;

    if (read_number(value, &index, err) < 0)
        return -EINVAL;
    MEM_GROW(request->netif, request->n_netif);
    request->netif[request->n_netif++] = (int32_t) index;
    return 0;
}

static int read_bus_fd(struct request *request, const char *value, struct error **err)
{
    uint32_t fd;

    if (read_number(value, &fd, err) < 0)
        return -EINVAL;
    if (fcntl((int) fd, F_SETFD, FD_CLOEXEC) < 0)
        return fail(err, errno, "%u is no connection", fd);
    request->bus_fd = (int) fd;
    return 0;
}

static int read_option(struct request *request, const char *word, struct error **err)
{
    const struct {
        const char *prefix;
        const char **value;
    } texts[] = {
        {"--slice=", &request->slice},
        {"--service=", &request->service},
        {"--class=", &request->class},
        {"--root=", &request->root},
    };
    const char *value;

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if ((value = string_after(word, texts[i].prefix))) {
            *texts[i].value = value;
            return 0;
        }
    if ((value = string_after(word, "--leader=")))
        return read_number(value, &request->leader, err);
    if ((value = string_after(word, "--netif=")))
        return read_netif(request, value, err);
    if ((value = string_after(word, "--bus-fd=")))
        return read_bus_fd(request, value, err);
    if ((value = string_after(word, "--uuid=")))
        return id128_parse(value, &request->id) < 0 ? fail_plain(err, EINVAL, "'%s' is not a UUID", value) : 0;
    if ((value = string_after(word, "--property=")))
        strings_add(&request->properties, value);
    else if (strcmp(word, "--user") == 0)
        request->user = true;
    else if (strcmp(word, "--packed") == 0)
        request->packed = true;
    else if (strcmp(word, "--boot") == 0)
        request->boots = true;
    else if (strcmp(word, "--runtime") == 0)
        request->runtime = true;
    else
        return fail_plain(err, EINVAL, "unknown option '%s'", word);
    return 0;
}

static int read_words(struct request *request, char **words, struct error **err)
{
    for (; *words; words++) {
        if (**words == '-') {
            if (read_option(request, *words, err) < 0)
                return -error_code(*err);
        } else if (!request->word)
            request->word = *words;
        else if (!request->name)
            request->name = *words;
        else
            return fail_plain(err, EINVAL, "'%s' is one word too many", *words);
    }
    if (!request->name)
        return fail_plain(err, EINVAL, "it takes a command and a name: see its first lines");
    return 0;
}

/* -- commands -- */

/* What each scope of ours has, before what the user asks for. The manager opens nothing else to the group's processes
 * than these devices and the ones every unit may use; the container's own view of /dev is narrower still. */
static int scope_properties(const struct request *request, struct bus_properties *ret, struct error **err)
{
    static const struct {
        const char *assignment;
        bool optional;          /* newer than the oldest manager we work with */
        bool with_boot;         /* only for a payload that is an init */
    } rows[] = {
        {"Delegate=yes", false, false},
        {"CollectMode=inactive-or-failed", false, false},
        {"OOMPolicy=continue", true, false},            /* systemd 253 */
        {"CoredumpReceive=yes", true, true},            /* systemd 255 */
        {"DevicePolicy=closed", false, false},
        {"DeviceAllow=/dev/net/tun rwm", false, false}, /* private networks of payloads */
        {"DeviceAllow=char-pts rw", false, false},      /* the console, and terminals made for logins */
        {"DeviceAllow=/dev/fuse rwm", false, false},    /* safe in user namespaces since Linux 4.18 */
    };
    auto_free char *description = mem_format("Description=Container %s", request->name);
    auto_free char *slice = mem_format("Slice=%s", request->slice ? request->slice : "machine.slice");

    if (unit_property_parse(description, ret, err) < 0 || unit_property_parse(slice, ret, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].with_boot && !request->boots)
            continue;
        if (unit_property_parse(rows[i].assignment, ret, err) < 0)
            return -error_code(*err);
        ret->item[ret->count - 1].optional = rows[i].optional;
    }
    for (size_t i = 0; i < request->properties.count; i++)
        if (unit_property_parse(request->properties.item[i], ret, err) < 0)
            return -error_code(*err);
    return 0;
}

static int open_bus(const struct request *request, struct bus **ret, struct error **err)
{
    return bus_open(request->user, request->bus_fd, ret, err);
}

static int command_scope(const struct request *request, struct error **err)
{
    CLEANUP(bus_properties_done) struct bus_properties properties = {0};
    CLEANUP(bus_closep) struct bus *bus = NULL;
    auto_free char *unit = mem_format("%s.scope", request->name);
    auto_free char *cgroup = NULL;

    if (!request->leader)
        return fail_plain(err, EINVAL, "a scope needs --leader=");
    if (scope_properties(request, &properties, err) < 0 || open_bus(request, &bus, err) < 0 ||
        bus_start_scope(bus, unit, request->leader, &properties, &cgroup, err) < 0)
        return -error_code(*err);
    (void) printf("%s\n", cgroup);
    return 0;
}

static int command_register(const struct request *request, struct error **err)
{
    CLEANUP(bus_closep) struct bus *bus = NULL;
    struct bus_machine_entry machine = {
        .name = request->name,
        .service = request->service ? request->service : "systemd-nspawn",
        .class = request->class ? request->class : "container",
        .root = request->root ? request->root : "",
        .id = request->id,
        .leader = request->leader,
        .netif = request->netif,
        .n_netif = request->n_netif,
    };

    if (!request->leader)
        return fail_plain(err, EINVAL, "to register needs --leader=");
    return open_bus(request, &bus, err) < 0 ? -error_code(*err) : bus_register_machine(bus, &machine, err);
}

static int command_unregister(const struct request *request, struct error **err)
{
    CLEANUP(bus_closep) struct bus *bus = NULL;

    return open_bus(request, &bus, err) < 0 ? -error_code(*err) : bus_unregister_machine(bus, request->name, err);
}

/* Its caller has a limit of its own. */
#define UNIT_TIMEOUT_US (UINT64_C(600) * 1000000)

static int command_start_unit(const struct request *request, struct error **err)
{
    CLEANUP(bus_closep) struct bus *bus = NULL;

    if (open_bus(request, &bus, err) < 0)
        return -error_code(*err);
    return bus_run_job(bus, "StartUnit", "fail", request->name, UNIT_TIMEOUT_US, err);
}

static int command_stop_unit(const struct request *request, struct error **err)
{
    CLEANUP(bus_closep) struct bus *bus = NULL;

    if (open_bus(request, &bus, err) < 0)
        return -error_code(*err);
    return bus_run_job(bus, "StopUnit", "replace", request->name, UNIT_TIMEOUT_US, err);
}

static int command_set_property(const struct request *request, struct error **err)
{
    CLEANUP(bus_properties_done) struct bus_properties properties = {0};
    CLEANUP(bus_closep) struct bus *bus = NULL;

    for (size_t i = 0; i < request->properties.count; i++)
        if (unit_property_parse(request->properties.item[i], &properties, err) < 0)
            return -error_code(*err);
    if (open_bus(request, &bus, err) < 0)
        return -error_code(*err);
    return bus_set_properties(bus, request->name, request->runtime, &properties, err);
}

static int command_reload(const struct request *request, struct error **err)
{
    CLEANUP(bus_closep) struct bus *bus = NULL;

    return open_bus(request, &bus, err) < 0 ? -error_code(*err) : bus_reload(bus, err);
}

static int run(const struct request *request, struct error **err)
{
    static const struct {
        const char *word;
        int (*run)(const struct request *request, struct error **err);
    } commands[] = {
        {"scope", command_scope},
        {"register", command_register},
        {"unregister", command_unregister},
        {"start-unit", command_start_unit},
        {"stop-unit", command_stop_unit},
        {"set-property", command_set_property},
        {"reload", command_reload},
    };

    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(request->word, commands[i].word) == 0)
            return commands[i].run(request, err);
    return fail_plain(err, EINVAL, "unknown command '%s'", request->word);
}

int main(int argc, char **argv)
{
    CLEANUP(request_done) struct request request = {.bus_fd = -1};
    auto_error struct error *err = NULL;
    char packed[4096];

    (void) argc;
    log_set_level_from_environment();
    if (read_words(&request, argv + 1, &err) == 0 && run(&request, &err) == 0)
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!request.packed)
        return report("redd-bus", err);
    (void) fd_write_full(STDOUT_FILENO, packed, error_pack(err, packed, sizeof packed));
    return EXIT_FAILURE;
}
