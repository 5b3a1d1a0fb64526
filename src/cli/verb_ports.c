/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd ports, redd port: port forwards of machines that run. What they do is the supervisor's (runtime/ports.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/run_host.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "config/port_parse.h"
#include "machine/running.h"

static const struct table_column columns[] = {
    {"MACHINE", "machine"}, {"PROTOCOL", "protocol"},  {"ADDRESS", "address"},
    {"HOST", "host"},       {"CONTAINER", "container"}, {"DIRECTION", "direction"},
};

static void add_range(struct table *table, uint16_t first, uint16_t count)
{
    auto_free char *text = count > 1 ? mem_format("%u-%u", first, first + count - 1u) : mem_format("%u", first);

    table_add_text(table, text);
}

static void add_port(struct table *table, const char *machine, const struct port_forward *port)
{
    char text[IP_PREFIX_TEXT_SIZE];

    table_add_text(table, machine);
    table_add_text(table, port->udp ? "udp" : "tcp");
    if (port->address.family)
        table_add_text(table, ip_address_format(&port->address, text));
    else
        table_add_text(table, port->inward ? "127.0.0.1" : "*");
    add_range(table, port->host_port, port->count);
    add_range(table, port->container_port, port->count);
    table_add_text(table, port->inward ? "to the host" : "to the container");
}

static int add_machine(struct table *table, const struct registry *registry, const char *name, struct error **err)
{
    CLEANUP(running_done) struct running machine = RUNNING_INIT;
    CLEANUP(control_message_done) struct control_message answer = {0};

    if (running_open(registry, name, &machine, err) < 0)
        return -error_code(*err);
    if (running_ask(&machine, "ports", NULL, &answer, err) < 0) {
        /* one without a network of its own was never offered the word */
        if (error_code(*err) != EOPNOTSUPP)
            return fail_in(err, "cannot list the ports of machine '%s'", name);
        error_freep(err);
        return 0;
    }
    for (size_t i = 0; i < answer.fields.count; i++) {
        const char *text = string_after(answer.fields.item[i], "PORT=");
        auto_error struct error *ignored = NULL;
        struct port_forward port;

        if (text && port_parse(text, &port, &ignored) == 0)
            add_port(table, name, &port);
    }
    return 0;
}

int verb_ports(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    const struct registry registry = host_registry();
    const struct table_style style = {
        .json = options->json, .legend = !options->no_legend, .full = options->full, .noun = "ports"};
    CLEANUP(machine_states_done) struct machine_states machines = {0};
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};

    (void) ret_status;
    for (int i = 0; i < call->argc; i++)
        if (add_machine(&table, &registry, call->argv[i], err) < 0)
            return -error_code(*err);
    if (call->argc == 0 && registry_survey(&registry, &machines, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < machines.count; i++) {
        auto_error struct error *gone = NULL;

        if (add_machine(&table, &registry, machines.item[i].name, &gone) < 0 && error_code(gone) != ENXIO) {
            *err = TAKE(gone);
            return -error_code(*err);
        }
    }
    table_print(&table, &style);
    return 0;
}

int verb_port(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();
    const char *name = call->argv[0], *what = call->argv[1];
    bool adds = strcmp(what, "add") == 0;
    CLEANUP(running_done) struct running machine = RUNNING_INIT;

    (void) ret_status;
    if (!adds && strcmp(what, "remove") != 0) {
        fail_plain(err, EINVAL, "'%s' is nothing that is done to a port", what);
        fail_id(*err, "R2860");
        fail_hint(*err, "as in: redd port %s add 8080:80; redd port %s remove 8080", name, name);
        return -EINVAL;
    }
    if (running_open(&registry, name, &machine, err) < 0)
        return -error_code(*err);
    for (int i = 2; i < call->argc; i++) {
        CLEANUP(control_message_done) struct control_message answer = {0};
        auto_free char *field = mem_format("PORT=%s", call->argv[i]);

        if (running_ask(&machine, adds ? "port-add" : "port-remove", field, &answer, err) < 0)
            return fail_in(err, "cannot %s the forward %s of machine '%s'", what, call->argv[i], name);
    }
    return 0;
}
