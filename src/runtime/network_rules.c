/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The packet filter's part of a start: who may reach the container, what leaves it for the outside, and its forwards
 * (ports.h). What the rules are is in net/rules_table.c.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/undo.h"
#include "net/rules.h"
#include "runtime/network_state.h"
#include "runtime/ports.h"
#include "runtime/run_state.h"

/* Bridges of somebody else's are left alone, unless forwards are asked for. */
bool spec_wants_rules(const struct spec *spec)
{
    return spec->veth && (!spec->bridge || spec->n_ports > 0);
}

/* Those that --network-allow= names, by what their names lead to: they need not be there. */
static void find_allowed(struct run *run, struct rules_peer *peers, struct ip_prefix *clients,
                         struct rules_machine *machine)
{
    const struct strings *allow = &run->spec->network_allow;
    const struct network *network = run->network;

    for (size_t i = 0; i < allow->count; i++) {
        if (ip_prefix_parse(allow->item[i], &clients[machine->n_clients]) == 0) {
            machine->n_clients++;
            continue;
        }

        struct rules_peer *peer = &peers[machine->n_peers++];
        auto_free char *port = mem_format("vb-%s", allow->item[i]);

        peer->name = allow->item[i];
        peer->mac = mac_derive(&network->key, "container", peer->name, "");
        (void) interface_name_shorten(port, network->hashed_names, peer->port);
    }
}

/* The rules know a machine by its addresses: without any it would seem to be guarded, and not be. */
static int check_guard(const struct rules_machine *machine, struct error **err)
{
    const struct address_plan *plan = machine->plan;

    if (!machine->is_guarded || plan->guest4.family || plan->guest6.family)
        return 0;
    fail_plain(err, EADDRNOTAVAIL, "the host knows no address of the machine whose clients are to be chosen");
    fail_id(*err, "R2854");
    fail_hint(*err, "systemd-networkd looks after '%s', so its lease is not redd's to know: say --network-address=, or "
                    "leave out --network-isolate= and --network-allow=", plan->router);
    return -EADDRNOTAVAIL;
}

int step_rules_add(struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;
    size_t n = spec->network_allow.count;
    auto_free struct rules_peer *peers = mem_alloc((n + 1) * sizeof *peers);
    auto_free struct ip_prefix *clients = mem_alloc((n + 1) * sizeof *clients);
    struct rules_machine machine = {
        .name = run->machine,
        .plan = &run->address_plan,
        .is_isolated = spec->isolate,
        .is_guarded = spec->isolate || n > 0,
        .peers = peers,
        .clients = clients,
    };

    if (check_guard(&machine, err) < 0)
        return -error_code(*err);
    find_allowed(run, peers, clients, &machine);
    machine.ports = ports_list(run, &machine.n_ports);
    ports_check(run);
    if (undo_record(run->undo, "packet-filter", err, run->machine, NULL) < 0 ||
        rules_add(&run->network->host, &machine, err) < 0)
        return -error_code(*err);
    return 0;
}
