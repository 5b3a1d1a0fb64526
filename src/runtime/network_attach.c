/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The supervisor's side of a network of the container's own: what is moved there, made there, and connected to the
 * host. The child waits meanwhile; its namespace is reached by a descriptor, and nothing runs in it yet.
 * Everything that stays on the host is recorded before it is made (net/leftover.h). Addresses: network_address.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/forwarding.h"
#include "net/leftover.h"
#include "runtime/network_state.h"
#include "runtime/run_state.h"

bool spec_wants_links(const struct spec *spec)
{
    return spec->veth || spec->veth_extras.count > 0 || spec->interfaces.count > 0 || spec->macvlans.count > 0 ||
           spec->ipvlans.count > 0;
}

void network_names_init(struct network *network)
{
    mac_key_read(&network->key);
    network->hashed_names = interface_name_scheme_has_hashes(getenv("NET_NAMING_SCHEME"));
}

int step_netns_open(struct run *run, struct error **err)
{
    struct network *network = run->network = mem_alloc(sizeof *network);
    char path[48];

    *network = (struct network){.netns_fd = -1, .host.fd = -1, .zone_lock.fd = -1};
    network_names_init(network);
    (void) snprintf(path, sizeof path, "/proc/%d/ns/net", (int) run->pid);
    network->netns_fd = file_open(path, O_RDONLY);
    if (network->netns_fd < 0)
        return fail(err, errno, "cannot open the container's network namespace");
    return netlink_open(&network->host, err);
}

void step_netns_close(struct run *run)
{
    if (!run->network)
        return;
    zone_lock_done(&run->network->zone_lock);
    netlink_close(&run->network->host);
    fd_closep(&run->network->netns_fd);
    free(TAKE(run->network));
}

/* The name an interface gets for the one it should have. */
static void choose_name(const struct network *network, const char *name, char ret[INTERFACE_NAME_SIZE])
{
    if (interface_name_shorten(name, network->hashed_names, ret))
        log_info("Network interface name '%s' has been changed to '%s' to fit length constraints.", name, ret);
}

/* A convenience: where it is taken, or too new for the kernel, the interface does without. */
static void add_long_name(struct netlink *netlink, int index, const char *name, const char *short_name)
{
    auto_error struct error *err = NULL;

    if (strcmp(name, short_name) != 0 && link_add_altname(netlink, index, name, &err) < 0)
        log_debug("%s", error_text(err));
}

static void add_long_name_inside(const struct network *network, const char *name, const char *short_name)
{
    CLEANUP(netlink_close) struct netlink inside = {.fd = -1};
    auto_error struct error *err = NULL;
    struct link link;

    if (strcmp(name, short_name) == 0)
        return;
    if (netlink_open_in(network->netns_fd, &inside, &err) < 0 || link_find(&inside, short_name, &link, &err) < 0)
        log_debug("%s", error_text(err));
    else
        add_long_name(&inside, link.index, name, short_name);
}

/* -- interfaces of the host's -- */

static int look_up_moving(struct network *network, const struct interface_pair *pair, struct moving_link *ret,
                          struct error **err)
{
    if (link_find(&network->host, pair->host, &ret->link, err) < 0)
        return -error_code(*err);
    /* one given by an alternative name keeps its own, and the other one goes with it */
    bool renamed = strcmp(pair->container, pair->host) != 0;
    (void) snprintf(ret->inside, sizeof ret->inside, "%s", renamed ? pair->container : ret->link.name);
    return 0;
}

/* First of all: in a namespace without others they keep their numbers, by which they are known on the way back. */
int step_interfaces_move(struct run *run, struct error **err)
{
    const struct interface_pairs *pairs = &run->spec->interfaces;
    struct network *network = run->network;
    auto_free struct moving_link *links = mem_alloc(pairs->count * sizeof *links);

    for (size_t i = 0; i < pairs->count; i++)
        if (look_up_moving(network, &pairs->item[i], &links[i], err) < 0)
            return -error_code(*err);
    if (leftover_record_moving(run->undo, run->machine, network->netns_fd, links, pairs->count, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < pairs->count; i++)
        if (link_move(&network->host, &links[i].link, network->netns_fd, links[i].inside, err) < 0)
            return -error_code(*err);
    return 0;
}

/* -- interfaces on the cable of another: they end with the namespace, so nothing is recorded -- */

static int derive(struct run *run, const struct interface_pair *pair, bool is_macvlan, struct error **err)
{
    struct network *network = run->network;
    char name[INTERFACE_NAME_SIZE];
    struct link parent;
    int r;

    if (link_find(&network->host, pair->host, &parent, err) < 0)
        return -error_code(*err);
    choose_name(network, pair->container, name);
    if (is_macvlan)
        r = link_make_macvlan(&network->host, parent.index, name,
                              mac_derive(&network->key, "macvlan", run->machine, pair->host), network->netns_fd, err);
    else
        r = link_make_ipvlan(&network->host, parent.index, name, network->netns_fd, err);
    if (r < 0)
        return fail_in(err, "cannot put an interface on '%s'", pair->host);
    add_long_name_inside(network, pair->container, name);
    return 0;
}

int step_interfaces_derive(struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;

    for (size_t i = 0; i < spec->macvlans.count; i++)
        if (derive(run, &spec->macvlans.item[i], true, err) < 0)
            return -error_code(*err);
    for (size_t i = 0; i < spec->ipvlans.count; i++)
        if (derive(run, &spec->ipvlans.item[i], false, err) < 0)
            return -error_code(*err);
    return 0;
}

/* -- virtual cables -- */

static int make_veth(struct run *run, const struct veth *veth, int *ret_index, struct error **err)
{
    if (leftover_record_link(run->undo, veth->host_name, veth->host_mac, err) < 0)
        return -error_code(*err);
    if (link_make_veth(&run->network->host, veth, ret_index, err) == 0)
        return 0;
    fail_in(err, "cannot connect '%s' inside with the host", veth->container_name);
    fail_id(*err, "R2808");
    if (error_code(*err) == EEXIST)
        fail_hint(*err,
                  "there is an interface '%s' already, or '%s' is asked for twice; 'ip link delete %s' removes one",
                  veth->host_name, veth->container_name, veth->host_name);
    return -error_code(*err);
}

static int find_bridge(struct run *run, const char *veth_name, struct link *ret, struct error **err)
{
    auto_error struct error *missing = NULL;
    const char *name = run->spec->bridge;

    if (link_find(&run->network->host, name, ret, &missing) == 0)
        return 0;
    fail(err, error_code(missing), "Failed to add interface %s to bridge %s", veth_name, name);
    fail_id(*err, "R2807");
    fail_hint(*err, "'ip link add %s type bridge' makes it; --network-zone= has one that comes and goes by need", name);
    return -error_code(*err);
}

static struct mac zone_mac(const struct run *run)
{
    return mac_derive(&run->network->key, "zone", run->spec->zone, "");
}

static int find_zone(struct run *run, struct link *ret, struct error **err)
{
    auto_free char *name = mem_format("vz-%s", run->spec->zone);

    if (undo_record(run->undo, "zone-release", err, name, NULL) < 0)
        return -error_code(*err);
    return zone_open(&run->network->host, name, zone_mac(run), ret, err);
}

/* What its addresses will be put on; step_addresses_set() goes on from there. */
static void plan_cable(struct run *run, const struct veth *veth, int index, const struct link *bridge)
{
    struct address_plan *plan = &run->address_plan;
    const struct spec *spec = run->spec;

    *plan = (struct address_plan){.link_index = index, .guest_mac = veth->container_mac};
    (void) snprintf(plan->link, sizeof plan->link, "%s", veth->host_name);
    (void) snprintf(plan->guest_link, sizeof plan->guest_link, "%s", veth->container_name);
    (void) snprintf(plan->gate, sizeof plan->gate, "%s", bridge->index ? bridge->name : veth->host_name);
    if (spec->bridge)
        return;
    plan->router_index = spec->zone ? bridge->index : index;
    (void) snprintf(plan->router, sizeof plan->router, "%s", plan->gate);
    plan->router_mac = !spec->zone ? veth->host_mac : bridge->is_up ? bridge->mac : zone_mac(run);
    run->network->zone_is_new = spec->zone && !bridge->is_up;
}

int step_veth_make(struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;
    struct network *network = run->network;
    bool bridged = spec->bridge || spec->zone;
    auto_free char *name = mem_format("%s-%s", bridged ? "vb" : "ve", run->machine);
    char host_name[INTERFACE_NAME_SIZE];
    struct link bridge = {0};
    struct veth veth = {
        .host_name = host_name,
        .host_mac = mac_derive(&network->key, "host", run->machine, ""),
        .container_name = "host0",
        .container_mac = mac_derive(&network->key, "container", run->machine, ""),
        .netns_fd = network->netns_fd,
        .is_up = spec->zone,
    };
    int index;

    if (spec->network_mac)      /* was looked at when it was read from the environment */
        (void) mac_parse(spec->network_mac, &veth.container_mac);
    choose_name(network, name, host_name);

    /* Until the port is there the zone's bridge may look unused, and until it has an address, somebody else's. The
     * record comes before the lock, whose file its undo takes away, too. */
    if ((spec_wants_rules(spec) &&
         (forwarding_record(run->undo, run->machine, err) < 0 || zone_lock_take(&network->zone_lock, err) < 0)) ||
        (spec->zone && find_zone(run, &bridge, err) < 0) ||
        (spec->bridge && find_bridge(run, host_name, &bridge, err) < 0))
        return -error_code(*err);
    /* a zone gets its port once that has its carrier: step_addresses_set() */
    if (spec->bridge)
        veth.bridge = bridge.index;
    if (make_veth(run, &veth, &index, err) < 0)
        return -error_code(*err);
    add_long_name(&network->host, index, name, host_name);
    run->network_index = bridged ? bridge.index : index;
    plan_cable(run, &veth, index, &bridge);
    return 0;
}

int step_veth_extras_make(struct run *run, struct error **err)
{
    const struct interface_pairs *pairs = &run->spec->veth_extras;
    struct network *network = run->network;

    for (size_t i = 0; i < pairs->count; i++) {
        const struct interface_pair *pair = &pairs->item[i];
        const struct veth veth = {
            .host_name = pair->host,
            .host_mac = mac_derive(&network->key, "extra host", run->machine, pair->host),
            .container_name = pair->container,
            .container_mac = mac_derive(&network->key, "extra container", run->machine, pair->container),
            .netns_fd = network->netns_fd,
        };
        int index;

        if (make_veth(run, &veth, &index, err) < 0)
            return -error_code(*err);
    }
    return 0;
}
