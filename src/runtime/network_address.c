/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses for both ends of a container's cable, set from outside before its first program runs: who has no network
 * software inside needs none, and who has finds an address that its own will replace, and routes that lose against
 * its own by their metric. What is where is decided in a plan (net/address_plan.h) first, then done with one request a
 * side.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/address_choose.h"
#include "net/forwarding.h"
#include "net/networkd.h"
#include "net/zone_members.h"
#include "runtime/network_state.h"
#include "runtime/run_state.h"

enum { CABLE_LENGTH = 28, ZONE_LENGTH = 24, MTU_USUAL = 1500, MTU_MIN = 1280 };

/* What is known while the plan is made. */
struct planning {
    struct run *run;
    struct network *network;
    struct address_plan *plan;
    struct host_routes routes;
    struct ip_prefix zone_host;         /* the host's address in the zone, which the plan may not speak of */
    bool has_ipv6;
};

bool spec_wants_addresses(const struct spec *spec)
{
    return spec->veth || spec->addresses.count > 0 || spec->gateways.count > 0 || spec->dns.count > 0;
}

/* -- what was asked for -- */

/* The first address of each family is the guest's, what comes behind is extra. */
static int plan_given(struct planning *planning, struct error **err)
{
    const struct spec *spec = planning->run->spec;
    struct address_plan *plan = planning->plan;

    for (size_t i = 0; i < spec->addresses.count; i++) {
        const struct ip_prefix *address = &spec->addresses.item[i];
        bool *is_static = address->family == AF_INET ? &plan->is_static4 : &plan->is_static6;

        if (!*is_static)
            *(address->family == AF_INET ? &plan->guest4 : &plan->guest6) = *address;
        else if (plan->n_extra < ADDRESS_PLAN_EXTRAS)
            plan->extra[plan->n_extra++] = *address;
        else {
            fail_plain(err, E2BIG, "a container cannot be given more than %d addresses", ADDRESS_PLAN_EXTRAS + 2);
            fail_id(*err, "R2823");
            return -E2BIG;
        }
        *is_static = true;
    }
    for (size_t i = 0; i < spec->gateways.count; i++)
        *(spec->gateways.item[i].family == AF_INET ? &plan->gateway4 : &plan->gateway6) = spec->gateways.item[i];
    for (size_t i = 0; i < spec->dns.count; i++) {
        if (plan->n_dns == ADDRESS_PLAN_DNS) {
            fail_plain(err, E2BIG, "a container cannot be told more than %d name servers", ADDRESS_PLAN_DNS);
            fail_id(*err, "R2826");
            return -E2BIG;
        }
        plan->dns[plan->n_dns++] = spec->dns.item[i];
    }
    return 0;
}

/* Where its addresses come from somebody else, its routes do, too. */
static void remark_on_gateway(const struct ip_prefix *gateway, const struct ip_prefix *guest)
{
    char text[IP_PREFIX_TEXT_SIZE];

    if (gateway->family && !guest->family)
        log_warning("--network-gateway=%s has no effect: the container is given no address of that family; "
                    "--network-address= gives it one", ip_address_format(gateway, text));
}

/* What gets the addresses where there is no cable. */
static void plan_other_link(struct planning *planning)
{
    const struct spec *spec = planning->run->spec;
    const struct interface_pair *pair = spec->macvlans.count     ? spec->macvlans.item
                                        : spec->ipvlans.count    ? spec->ipvlans.item
                                        : spec->interfaces.count ? spec->interfaces.item
                                                                 : spec->veth_extras.item;

    if (!spec->veth)
        (void) interface_name_shorten(pair->container, planning->network->hashed_names, planning->plan->guest_link);
}

/* -- IPv4 -- */

/* Whether a network can be on our link: nobody else's route leads there, and there is room for two. */
static bool can_be_ours(const struct planning *planning, const struct ip_prefix *network)
{
    return network->length <= 30 && !host_routes_overlap(&planning->routes, network, planning->plan->router_index);
}

/* The host's address in the network of the guest: the gateway asked for, or the first one that is not the guest's. */
static struct ip_prefix host_beside(const struct ip_prefix *guest, const struct ip_prefix *gateway)
{
    struct ip_prefix network = ip_prefix_network(guest), host = ip_prefix_host(guest, 1);

    if (gateway->family && ip_prefix_contains(&network, gateway) &&
        !ip_address_equal(gateway, guest)) {
        host = *gateway;
        host.length = guest->length;
    }
    return ip_address_equal(&host, guest) ? ip_prefix_host(guest, 2) : host;
}

static int plan_cable4(struct planning *planning, struct error **err)
{
    struct address_plan *plan = planning->plan;
    struct ip_prefix network, asked = ip_prefix_network(&plan->guest4);

    if (plan->is_static4 && can_be_ours(planning, &asked)) {
        plan->host4 = host_beside(&plan->guest4, &plan->gateway4);
        if (!plan->gateway4.family)
            plan->gateway4 = ip_prefix_address(&plan->host4);
        return 0;
    }
    if (address_choose_network(&planning->network->key, "cable", planning->run->machine, CABLE_LENGTH,
                               &planning->routes, &network, err) < 0)
        return -error_code(*err);
    plan->host4 = ip_prefix_host(&network, 1);
    if (plan->is_static4) {
        /* that network is elsewhere: one address of it is here, and its neighbours are reached by the host */
        plan->guest4.length = plan->host4.length = 32;
        plan->gateway4 = plan->host4;
        return 0;
    }
    plan->guest4 = ip_prefix_host(&network, 2);
    if (!plan->gateway4.family)
        plan->gateway4 = ip_prefix_address(&plan->host4);
    return 0;
}

/* The network of the zone: of those who are in it, of its bridge, of the static address of the first, or by name. */
static int plan_zone_network(struct planning *planning, struct error **err)
{
    struct address_plan *plan = planning->plan;
    struct network *network = planning->network;
    const char *zone = planning->run->spec->zone;
    struct ip_prefix *host = &planning->zone_host, asked = ip_prefix_network(&plan->guest4);

    if (!network->zone_is_new) {
        if (zone_members_network(zone, host, err) < 0)
            return -error_code(*err);
        if (host->family || address_find_network(&network->host, plan->router_index, host))
            return 0;
    }
    if (plan->is_static4 && asked.length >= 16 && can_be_ours(planning, &asked)) {
        *host = host_beside(&plan->guest4, &plan->gateway4);
        return 0;
    }
    if (address_choose_network(&network->key, "zone", zone, ZONE_LENGTH, &planning->routes, host, err) < 0)
        return -error_code(*err);
    *host = ip_prefix_host(host, 1);
    return 0;
}

static int plan_zone4(struct planning *planning, struct error **err)
{
    struct address_plan *plan = planning->plan;
    const struct spec *spec = planning->run->spec;

    if (plan_zone_network(planning, err) < 0)
        return -error_code(*err);

    struct ip_prefix network = ip_prefix_network(&planning->zone_host), member;
    struct ip_prefix given = ip_prefix_address(&plan->guest4);
    bool is_inside = plan->is_static4 && ip_prefix_contains(&network, &given);
    const struct zone_entry entry = {
        .zone = spec->zone,
        .machine = planning->run->machine,
        .host = planning->zone_host,
        .wanted = is_inside ? given : (struct ip_prefix){0},
        .is_fleeting = spec->ephemeral,
    };

    if (zone_members_enter(planning->run->undo, &entry, &planning->network->key, &member, err) < 0)
        return -error_code(*err);
    plan->host4 = planning->zone_host;
    if (!plan->is_static4 || is_inside) {
        plan->guest4 = member;
        if (!plan->gateway4.family)
            plan->gateway4 = ip_prefix_address(&plan->host4);
        return 0;
    }
    plan->guest4.length = plan->host4.length = 32;
    plan->gateway4 = plan->host4;
    return 0;
}

/* -- IPv6 -- */

static void plan_host6(struct planning *planning)
{
    struct address_plan *plan = planning->plan;
    const struct spec *spec = planning->run->spec;
    struct ip_prefix network = address_choose_local(&planning->network->key, spec->zone ? "zone" : "cable",
                                                    spec->zone ? spec->zone : planning->run->machine);

    plan->host6 = ip_prefix_host(&network, 1);
    plan->router_local6 = address_link_local(plan->router_mac);
    /* the one that it would also get from the router's advertisements */
    if (!plan->is_static6)
        plan->guest6 = address_of_mac(&network, plan->guest_mac);
    if (!plan->gateway6.family)
        plan->gateway6 = ip_prefix_address(&plan->router_local6);
}

/* -- doing it: the host's end -- */

/* For IPv4 and IPv6 addresses that are in none of the networks of the link. */
static bool needs_route(const struct address_plan *plan, const struct ip_prefix *address)
{
    const struct ip_prefix *host = address->family == AF_INET ? &plan->host4 : &plan->host6;
    struct ip_prefix network = ip_prefix_network(host), one = ip_prefix_address(address);

    return !ip_prefix_contains(&network, &one);
}

static int put_host_routes(struct planning *planning, struct netlink_batch *batch, struct error **err)
{
    const struct address_plan *plan = planning->plan;
    struct ip_prefix address;

    for (unsigned position = 0; address_plan_next(plan, &position, &address);) {
        char text[IP_PREFIX_TEXT_SIZE];

        if (!needs_route(plan, &address) || (address.family == AF_INET6 && !planning->has_ipv6))
            continue;
        address = ip_prefix_address(&address);
        /* a cable takes its routes with it; a zone goes on without this machine */
        if (planning->run->spec->zone && undo_record(planning->run->undo, "route-delete", err,
                                                     ip_prefix_format(&address, text), plan->router, NULL) < 0)
            return -error_code(*err);
        address_put_route(batch, plan->router_index, &address, NULL, 0);
    }
    return 0;
}

static int talk_host(struct planning *planning, struct netlink_batch *batch, struct error **err)
{
    struct netlink_remark remark;
    int r = netlink_talk(&planning->network->host, batch, NULL, NULL, &remark);

    if (r == 0)
        return 0;
    r = fail(err, -r, "cannot set up the host's end '%s' of the cable%s%s", planning->plan->router,
             remark.text[0] ? ": " : "", remark.text);
    fail_id(*err, "R2824");
    return r;
}

/* In a zone that is there already all of it is there, too, unless the bridge was made by others. */
static int set_host(struct planning *planning, struct error **err)
{
    const struct address_plan *plan = planning->plan;
    const struct spec *spec = planning->run->spec;
    bool is_new = !spec->zone || planning->network->zone_is_new;
    struct ip_prefix host4 = spec->zone ? planning->zone_host : plan->host4;
    struct netlink_batch batch;
    const struct link_setup setup = {
        .index = plan->router_index,
        .mtu = spec->zone ? 0 : plan->mtu,
        .mac = spec->zone && is_new ? &plan->router_mac : NULL,
        .forwards = true,
        .own_link_local = is_new && planning->has_ipv6,
    };

    netlink_batch_init(&batch);
    if (spec->zone && plan->mtu)
        address_put_link(&batch, &(struct link_setup){.index = plan->link_index, .mtu = plan->mtu});
    address_put_link(&batch, &setup);
    address_put(&batch, plan->router_index, &host4, 0);
    if (planning->has_ipv6) {
        address_put(&batch, plan->router_index, &plan->router_local6, 0);
        address_put(&batch, plan->router_index, &plan->host6, 0);
    }
    return put_host_routes(planning, &batch, err) < 0 ? -error_code(*err) : talk_host(planning, &batch, err);
}

/* -- doing it: the guest's end -- */

/* FIRST_IPV6 is the first request that is about IPv6: a container without it does with IPv4. */
static int talk_guest(struct planning *planning, struct netlink *inside, struct netlink_batch *batch,
                      unsigned first_ipv6, struct error **err)
{
    struct netlink_remark remark;
    int r = netlink_talk(inside, batch, NULL, NULL, &remark);

    if (r < 0 && remark.request >= first_ipv6 && (r == -EACCES || r == -EOPNOTSUPP || r == -EAFNOSUPPORT)) {
        planning->has_ipv6 = false;
        return 0;
    }
    if (r == 0)
        return 0;
    r = fail(err, -r, "cannot give '%s' inside its addresses%s%s", planning->plan->guest_link,
             remark.text[0] ? ": " : "", remark.text);
    fail_id(*err, "R2825");
    return r;
}

static int set_extras(struct planning *planning, struct netlink *inside, int index, struct error **err)
{
    const struct address_plan *plan = planning->plan;
    struct netlink_batch batch;

    netlink_batch_init(&batch);
    for (unsigned i = 0; i < plan->n_extra; i++)
        if (plan->extra[i].family == AF_INET || planning->has_ipv6)
            address_put(&batch, index, &plan->extra[i], GUEST_METRIC);
    return batch.count > 0 ? talk_guest(planning, inside, &batch, batch.count, err) : 0;
}

static int set_guest(struct planning *planning, struct error **err)
{
    CLEANUP(netlink_close) struct netlink inside = {.fd = -1};
    const struct address_plan *plan = planning->plan;
    struct netlink_batch batch;

    if (!plan->guest4.family && !plan->guest6.family && !plan->is_leased)
        return 0;
    if (netlink_open_in(planning->network->netns_fd, &inside, err) < 0)
        return -error_code(*err);

    int index = link_index(&inside, plan->guest_link);
    if (index == 0)
        return fail(err, ENODEV, "there is no interface '%s' inside", plan->guest_link);

    netlink_batch_init(&batch);
    address_put_link(&batch, &(struct link_setup){.index = index, .mtu = plan->mtu});
    if (plan->guest4.family)
        address_put(&batch, index, &plan->guest4, GUEST_METRIC);
    if (plan->gateway4.family && plan->guest4.family)
        address_put_route(&batch, index, NULL, &plan->gateway4, GUEST_METRIC);
    unsigned first_ipv6 = batch.count;
    if (plan->guest6.family && planning->has_ipv6)
        address_put(&batch, index, &plan->guest6, GUEST_METRIC);
    if (plan->gateway6.family && plan->guest6.family && planning->has_ipv6)
        address_put_route(&batch, index, NULL, &plan->gateway6, GUEST_METRIC);
    if (talk_guest(planning, &inside, &batch, first_ipv6, err) < 0)
        return -error_code(*err);
    return set_extras(planning, &inside, index, err);
}

/* -- the step -- */

/* Smaller packets where the way out takes no larger ones: many drop without a word what does not fit. */
static void plan_mtu(struct planning *planning)
{
    int index = planning->routes.default_index;
    unsigned mtu = index == 0 ? 0 : link_mtu(&planning->network->host, index);

    if (mtu >= MTU_MIN && mtu < MTU_USUAL)
        planning->plan->mtu = mtu;
}

static int set_managed(struct planning *planning, struct error **err)
{
    struct network *network = planning->network;
    struct run *run = planning->run;
    const struct spec *spec = run->spec;

    if (host_routes_read(&network->host, &planning->routes, err) < 0)
        return -error_code(*err);
    plan_mtu(planning);
    if ((spec->zone ? plan_zone4(planning, err) : plan_cable4(planning, err)) < 0)
        return -error_code(*err);
    planning->has_ipv6 = forwarding_prepare_link(planning->plan->router);
    if (planning->has_ipv6)
        plan_host6(planning);
    /* recorded when the cable was made */
    if (forwarding_hold(&network->host, run->machine, planning->has_ipv6, err) < 0)
        return -error_code(*err);
    return set_host(planning, err);
}

/* Where systemd-networkd looks after the host's end: what it leaves out. Both ends are up at once, for it to begin. */
static int set_beside_networkd(struct planning *planning, const struct networkd_file *file, struct error **err)
{
    struct address_plan *plan = planning->plan;
    struct network *network = planning->network;
    struct run *run = planning->run;
    struct link_setup setup = {.index = plan->router_index};
    struct netlink_batch batch;

    plan->is_leased = file->serves_dhcp && !plan->is_static4;
    plan->has_foreign6 = !file->leaves_ipv6 && !plan->is_static6;
    if (file->leaves_ipv6 && forwarding_prepare_link(plan->router)) {
        plan_host6(planning);
        forwarding_trust_address(plan->router);
        /* whose address it is by which the host is known */
        setup.mac = run->spec->zone && network->zone_is_new ? &plan->router_mac : NULL;
    }
    if (forwarding_hold(&network->host, run->machine, plan->host6.family != 0, err) < 0)
        return -error_code(*err);
    netlink_batch_init(&batch);
    address_put_link(&batch, &setup);
    if (plan->host6.family) {
        struct ip_prefix routed = ip_prefix_network(&plan->host6);

        /* the kernel's own, unless the link was up before it had its hardware address */
        address_put(&batch, plan->router_index, &plan->router_local6, 0);
        address_put_network(&batch, plan->router_index, &routed);
    }
    return talk_host(planning, &batch, err);
}

/* What the plan says is what there is. */
static void forget_ipv6(struct address_plan *plan)
{
    unsigned kept = 0;

    plan->host6 = plan->guest6 = plan->router_local6 = plan->gateway6 = (struct ip_prefix){0};
    for (unsigned i = 0; i < plan->n_extra; i++)
        if (plan->extra[i].family != AF_INET6)
            plan->extra[kept++] = plan->extra[i];
    plan->n_extra = kept;
}

/* Both ends are up by now. networkd begins anew where a bridge of its loses its carrier, and in version 252 its DHCP
 * server then goes on with an address that is gone. So the port has to have one before. */
static int join_zone(struct run *run, struct error **err)
{
    enum { CARRIER_LIMIT_MS = 200 };
    const struct address_plan *plan = &run->address_plan;

    if (!run->spec->zone)
        return 0;
    if (!plan->is_managed)
        link_await_operational(&run->network->host, plan->link_index, CARRIER_LIMIT_MS);
    return link_join_bridge(&run->network->host, plan->link_index, plan->router_index, err);
}

int step_addresses_set(struct run *run, struct error **err)
{
    struct address_plan *plan = &run->address_plan;
    struct planning planning = {.run = run, .network = run->network, .plan = plan, .has_ipv6 = true};
    const struct networkd_link link = {
        .name = plan->router, .kind = run->spec->zone ? "bridge" : "veth", .mac = plan->router_mac};
    struct networkd_file file = {0};
    int r = 0;

    /* each boot has a plan of its own; with a cable, step_veth_make() has begun it */
    if (!run->spec->veth)
        *plan = (struct address_plan){0};
    plan->is_managed = plan->router[0] && !networkd_manages(&link, &file);
    plan_other_link(&planning);
    if (plan_given(&planning, err) < 0)
        r = -error_code(*err);
    if (r == 0 && plan->is_managed)
        r = set_managed(&planning, err);
    else if (r == 0 && plan->router[0])
        r = set_beside_networkd(&planning, &file, err);
    /* forwards on a bridge of yours: what answers them comes in there */
    else if (r == 0 && run->spec->bridge && spec_wants_rules(run->spec))
        r = forwarding_hold(&run->network->host, run->machine, plan->guest6.family != 0, err);
    if (r == 0)
        r = set_guest(&planning, err);
    if (r == 0)
        r = join_zone(run, err);
    remark_on_gateway(&plan->gateway4, &plan->guest4);
    remark_on_gateway(&plan->gateway6, &plan->guest6);
    if (!planning.has_ipv6)
        forget_ipv6(plan);
    host_routes_done(&planning.routes);
    /* the rules are made under it, too: step_rules_add() */
    if (!spec_wants_rules(run->spec))
        zone_lock_done(&run->network->zone_lock);
    return r;
}
