/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd list, machinectl list: the machines that run. */
#include <stdlib.h>

#include "base/mem.h"
#include "cli/run_host.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "machine/look.h"
#include "machine/registry.h"

static const struct table_column columns[] = {
    {"MACHINE", "machine"}, {"CLASS", "class"},     {"SERVICE", "service"},
    {"OS", "os"},           {"VERSION", "version"}, {"ADDRESSES", "addresses"},
};

/* Programs are told of all. */
static void add_machine(struct table *table, const struct machine_state *machine, struct looker *looker,
                        unsigned max_addresses, bool for_programs)
{
    CLEANUP(os_release_done) struct os_release os = {0};
    CLEANUP(strings_done) struct strings addresses = {0};

    machine_read_os(machine, looker, &os);
    table_add_text(table, machine->name);
    table_add_text(table, machine->class);
    table_add_text(table, machine->service);
    table_add_text(table, os.id);
    table_add_text(table, os.version_id);
    if (max_addresses == 0)
        return;
    if (for_programs || !machine_read_known_addresses(machine, looker, max_addresses, &addresses))
        machine_read_addresses(machine, looker, &addresses);
    if (addresses.count > 0)
        table_add_list(table, &addresses, max_addresses);
    else
        table_add_nothing(table, NULL);
}

int verb_list(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    const struct registry registry = host_registry();
    const struct machine_state host = {
        .name = (char *) ".host", .class = (char *) "host", .root = (char *) "/", .leader = 1};
    const struct table_style style = {
        .json = options->json, .legend = !options->no_legend, .full = options->full, .noun = "machines"};
    CLEANUP(machine_states_done) struct machine_states machines = {0};
    CLEANUP(looker_done) struct looker looker = LOOKER_INIT;
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns) - (options->max_addresses == 0)};

    (void) ret_status;
    if (registry_survey(&registry, &machines, err) < 0)
        return -error_code(*err);
    if (options->all)
        add_machine(&table, &host, &looker, options->max_addresses, options->json != JSON_OFF);
    for (size_t i = 0; i < machines.count; i++)
        add_machine(&table, &machines.item[i], &looker, options->max_addresses, options->json != JSON_OFF);
    table_print(&table, &style);
    return 0;
}
