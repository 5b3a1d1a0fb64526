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
static void find_allowed(const struct run *run, const struct network *network, struct rules_peer *peers,
                         struct ip_prefix *clients, struct rules_machine *machine)
{
    const struct strings *allow = &run->spec->network_allow;

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

/* The rules know a machine by its addresses: without those of one family it would seem to be guarded, and not be. */
static int check_guard(const struct rules_machine *machine, struct error **err)
{
    const struct address_plan *plan = machine->plan;
    bool knows4 = plan->guest4.family || plan->is_managed, knows6 = !plan->has_foreign6;

    if (!machine->is_guarded || (knows4 && knows6))
        return 0;
    fail_plain(err, EADDRNOTAVAIL, "the host knows no %s address of the machine whose clients are to be chosen",
               knows4 ? "IPv6" : "IPv4");
    fail_id(*err, "R2854");
    fail_hint(*err,
              "systemd-networkd looks after '%s' and gives the machine its address once it runs: say "
              "--network-address=, or leave out --network-isolate= and --network-allow=",
              plan->router);
    return -EADDRNOTAVAIL;
}

/* WHERE has a socket of the host's, and how names become addresses. */
static int add_rules(struct run *run, struct network *where, struct error **err)
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
    find_allowed(run, where, peers, clients, &machine);
    machine.ports = ports_list(run, &machine.n_ports);
    return rules_add(&where->host, &machine, err);
}

int step_rules_begin(struct run *run, struct error **err)
{
    if (undo_record(run->undo, "packet-filter", err, run->machine, NULL) < 0)
        return -error_code(*err);
    run->rules_beginning = rules_begin();
    return 0;
}

void step_rules_await(struct run *run)
{
    rules_await(TAKE(run->rules_beginning));
}

int step_rules_add(struct run *run, struct error **err)
{
    struct network *network = run->network;

    step_rules_await(run);
    ports_check(run);
    if (network->zone_lock.fd < 0 && zone_lock_take(&network->zone_lock, err) < 0)
        return -error_code(*err);

    int r = add_rules(run, network, err);
    zone_lock_done(&network->zone_lock);
    return r;
}

int rules_follow(struct run *run, struct error **err)
{
    struct network where = {.host.fd = -1, .zone_lock.fd = -1};

    network_names_init(&where);
    if (netlink_open(&where.host, err) < 0)
        return -error_code(*err);

    int r = rules_remove(run->machine, err);
    if (r == 0)
        r = zone_lock_take(&where.zone_lock, err);
    if (r == 0)
        r = add_rules(run, &where, err);
    zone_lock_done(&where.zone_lock);
    netlink_close(&where.host);
    return r;
}
