/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine's elements in the tables: made from its plan, found again by its name. */
#include "net/rules.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/address.h"
#include "net/foreign.h"
#include "net/link.h"
#include "net/nft.h"
#include "net/packet_closer.h"
#include "net/rules_table.h"
#include "net/zone.h"

static bool is_in_zone(const struct address_plan *plan)
{
    return plan->router[0] && strcmp(plan->link, plan->router) != 0;
}

static int refused(int code, const struct netlink_remark *remark, struct error **err)
{
    const char *more = remark->text[0] ? ": " : "";

    fail(err, code, "the kernel does not take the packet filter's rules%s%s", more, remark->text);
    fail_id(*err, "R2850");
    switch (code) {
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
    case ENOENT:
    case EINVAL:
        fail_hint(*err, "it has no nf_tables, or lacks NAT in it: load the modules nf_tables, nft_chain_nat, nft_masq, "
                        "nft_fib_inet and nft_ct; or use --network-bridge=, which needs no rules");
        break;
    case EPERM:
        fail_hint(*err, "changing rules needs CAP_NET_ADMIN in the user namespace that owns the host's network");
        break;
    default:
        break;
    }
    return -code;
}

/* -- elements -- */

/* What a machine's elements have in common. */
struct writer {
    struct netlink_batch *batch;
    uint8_t family;             /* of the table */
    const char *comment;
    bool deletes;
};

static void write_element(const struct writer *writer, const struct nft_element *element)
{
    struct nft_element own = *element;

    own.comment = writer->comment;
    if (writer->deletes)
        nft_delete_element(writer->batch, writer->family, RULES_TABLE, &own);
    else
        nft_add_element(writer->batch, writer->family, RULES_TABLE, &own);
}

static void key_add_address(struct nft_key *key, const struct ip_prefix *address)
{
    nft_key_add(key, address->byte, ip_family_bytes(address->family));
}

static const char *by_family(const struct ip_prefix *address, const char *name4, const char *name6)
{
    return address->family == AF_INET ? name4 : name6;
}

static void write_name(const struct writer *writer, const char *set, const char *interface)
{
    struct nft_element element = {.set = set};

    nft_key_add_name(&element.key, interface);
    write_element(writer, &element);
}

static void write_address(const struct writer *writer, const char *set4, const char *set6,
                          const struct ip_prefix *address)
{
    struct nft_element element = {.set = by_family(address, set4, set6)};

    key_add_address(&element.key, address);
    write_element(writer, &element);
}

static void write_name_address(const struct writer *writer, const char *set4, const char *set6, const char *interface,
                               const struct ip_prefix *address)
{
    struct nft_element element = {.set = by_family(address, set4, set6)};

    nft_key_add_name(&element.key, interface);
    key_add_address(&element.key, address);
    write_element(writer, &element);
}

static void write_mac_address(const struct writer *writer, const char *set4, const char *set6, struct mac mac,
                              const struct ip_prefix *address)
{
    struct nft_element element = {.set = by_family(address, set4, set6)};

    nft_key_add(&element.key, mac.byte, sizeof mac.byte);
    key_add_address(&element.key, address);
    write_element(writer, &element);
}

static void write_names(const struct writer *writer, const char *set, const char *a, const char *b)
{
    struct nft_element element = {.set = set};

    nft_key_add_name(&element.key, a);
    nft_key_add_name(&element.key, b);
    write_element(writer, &element);
}

/* All of the prefix FROM, and ADDRESS. */
static void write_client(const struct writer *writer, const struct ip_prefix *from, const struct ip_prefix *address)
{
    struct nft_element element = {.set = by_family(address, "clients4", "clients6")};
    struct ip_prefix first = ip_prefix_network(from), last = first;

    for (unsigned bit = from->length; bit < ip_family_bits(from->family); bit++)
        last.byte[bit / 8] |= (uint8_t) (0x80 >> bit % 8);
    key_add_address(&element.key, &first);
    key_add_address(&element.key, address);
    key_add_address(&element.end, &last);
    key_add_address(&element.end, address);
    write_element(writer, &element);
}

/* -- forwards -- */

static void write_forward(const struct writer *writer, const char *set, const struct port_forward *port,
                          unsigned offset, const struct ip_prefix *guest)
{
    struct nft_element element = {.set = set};

    if (port->address.family)
        key_add_address(&element.key, &port->address);
    nft_key_add_u8(&element.key, port->udp ? IPPROTO_UDP : IPPROTO_TCP);
    nft_key_add_port(&element.key, (uint16_t) (port->host_port + offset));
    key_add_address(&element.data, guest);
    nft_key_add_port(&element.data, (uint16_t) (port->container_port + offset));
    write_element(writer, &element);
}

static void write_inward(const struct writer *writer, const struct port_forward *port, unsigned offset,
                         const struct ip_prefix *guest)
{
    static const struct ip_prefix loopback = {.family = AF_INET, .length = 32, .byte = {127, 0, 0, 1}};
    struct nft_element element = {.set = "inward4"};

    key_add_address(&element.key, guest);
    nft_key_add_u8(&element.key, port->udp ? IPPROTO_UDP : IPPROTO_TCP);
    nft_key_add_port(&element.key, (uint16_t) (port->container_port + offset));
    key_add_address(&element.data, port->address.family ? &port->address : &loopback);
    nft_key_add_port(&element.data, (uint16_t) (port->host_port + offset));
    write_element(writer, &element);
}

/* The host's own loopback. IPv6 has no way out of ::1, IPv4 one where an interface of ours leads to the machine; the
 * rest is the proxy's (runtime/port_proxy.h). */
static bool is_loopback(const struct ip_prefix *address)
{
    static const uint8_t loopback6[16] = {[15] = 1};

    return address->family == AF_INET ? address->byte[0] == 127
                                      : memcmp(address->byte, loopback6, sizeof loopback6) == 0;
}

static void write_self(const struct writer *writer, const struct port_forward *port, unsigned offset,
                       const struct ip_prefix *guest)
{
    struct nft_element element = {.set = by_family(guest, "self4", "self6")};

    key_add_address(&element.key, guest);
    nft_key_add_u8(&element.key, port->udp ? IPPROTO_UDP : IPPROTO_TCP);
    nft_key_add_port(&element.key, (uint16_t) (port->host_port + offset));
    write_element(writer, &element);
}

static void write_outward(const struct writer *writer, const struct address_plan *plan, const struct port_forward *port,
                          unsigned offset, const struct ip_prefix *guest)
{
    bool has_loopback = guest->family == AF_INET && plan->router[0];
    bool is_bridged = strcmp(plan->link, plan->gate) != 0;

    if (is_bridged && (!port->address.family || port->address.family == guest->family))
        write_self(writer, port, offset, guest);
    if (!port->address.family) {
        write_forward(writer, by_family(guest, "any4", "any6"), port, offset, guest);
        if (has_loopback)
            write_forward(writer, "loop4", port, offset, guest);
    } else if (port->address.family == guest->family && (has_loopback || !is_loopback(&port->address)))
        write_forward(writer, by_family(guest, "at4", "at6"), port, offset, guest);
}

static void write_port(const struct writer *writer, const struct address_plan *plan, const struct port_forward *port)
{
    const struct ip_prefix *guests[] = {&plan->guest4, &plan->guest6};

    for (unsigned offset = 0; offset < port->count; offset++)
        for (size_t i = 0; i < COUNT_OF(guests); i++) {
            if (!guests[i]->family)
                continue;
            if (!port->inward)
                write_outward(writer, plan, port, offset, guests[i]);
            else if (guests[i]->family == AF_INET)
                write_inward(writer, port, offset, guests[i]);
        }
}

/* -- a machine's whole -- */

static bool is_beside(const struct rules_machine *machine, size_t index, const struct ip_prefix *address)
{
    const struct ip_prefix *client = &machine->clients[index];

    if (client->family != address->family)
        return false;
    /* the kernel wants no range twice, nor one inside another */
    for (size_t i = 0; i < machine->n_clients; i++)
        if (i != index && ip_prefix_contains(&machine->clients[i], client) &&
            (i < index || machine->clients[i].length < client->length))
            return false;
    return true;
}

static void write_reach(const struct writer *writer, const struct rules_machine *machine,
                        const struct ip_prefix *address)
{
    struct mac own = machine->plan->guest_mac;

    if (!machine->is_guarded)
        return;
    write_address(writer, "guarded4", "guarded6", address);
    write_mac_address(writer, "enter4", "enter6", own, address);
    if (machine->is_isolated)
        write_mac_address(writer, "leave4", "leave6", own, address);
    for (size_t i = 0; i < machine->n_peers; i++)
        write_mac_address(writer, "enter4", "enter6", machine->peers[i].mac, address);
    for (size_t i = 0; i < machine->n_clients; i++)
        if (is_beside(machine, i, address))
            write_client(writer, &machine->clients[i], address);
}

static void write_isolation(const struct writer *writer, const struct rules_machine *machine)
{
    struct nft_element element = {.set = "isolated"};
    struct mac own = machine->plan->guest_mac;

    nft_key_add(&element.key, own.byte, sizeof own.byte);
    write_element(writer, &element);
    for (size_t i = 0; i < machine->n_peers; i++) {
        struct nft_element wish = {.set = "wishes"};

        nft_key_add(&wish.key, own.byte, sizeof own.byte);
        nft_key_add(&wish.key, machine->peers[i].mac.byte, sizeof own.byte);
        write_element(writer, &wish);
    }
}

static void write_inet(const struct writer *writer, const struct rules_machine *machine)
{
    const struct address_plan *plan = machine->plan;
    struct ip_prefix address;

    write_name(writer, "machines", plan->link);
    if (machine->is_isolated)
        write_isolation(writer, machine);
    for (unsigned position = 0; address_plan_next(plan, &position, &address);) {
        write_name_address(writer, "own4", "own6", plan->gate, &address);
        write_reach(writer, machine, &address);
    }
    for (size_t i = 0; i < machine->n_ports; i++)
        write_port(writer, plan, &machine->ports[i]);
}

static void write_own_in_zone(const struct writer *writer, const char *port, const struct ip_prefix *address)
{
    write_name_address(writer, "own4", "own6", port, address);
    write_address(writer, "taken4", "taken6", address);
    if (address->family == AF_INET6) {
        write_name_address(writer, "", "nd_own", port, address);
        write_address(writer, "", "nd_taken", address);
    }
}

static void write_bridge(const struct writer *writer, const struct rules_machine *machine)
{
    const struct address_plan *plan = machine->plan;
    const struct ip_prefix *hosts[] = {&plan->host4, &plan->host6, &plan->router_local6};
    /* what the kernel gives an interface by itself */
    const struct ip_prefix local = address_link_local(plan->guest_mac);
    struct nft_element mac = {.set = "macs"};
    struct ip_prefix address;

    write_name(writer, "machines", plan->link);
    nft_key_add_name(&mac.key, plan->link);
    nft_key_add(&mac.key, plan->guest_mac.byte, sizeof plan->guest_mac.byte);
    write_element(writer, &mac);

    write_own_in_zone(writer, plan->link, &local);
    for (unsigned position = 0; address_plan_next(plan, &position, &address);)
        write_own_in_zone(writer, plan->link, &address);
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        if (hosts[i]->family)
            write_name_address(writer, "denied4", "denied6", plan->link, hosts[i]);
        if (hosts[i]->family == AF_INET6)
            write_name_address(writer, "", "nd_denied", plan->link, hosts[i]);
    }

    if (machine->is_isolated)
        write_name(writer, "isolated", plan->link);
    if (machine->is_guarded)
        write_name(writer, "guarded", plan->link);
    for (size_t i = 0; i < machine->n_peers; i++) {
        if (machine->is_isolated)
            write_names(writer, "leave", plan->link, machine->peers[i].port);
        write_names(writer, "enter", machine->peers[i].port, plan->link);
    }
    for (unsigned position = 0; address_plan_next(plan, &position, &address);)
        for (size_t i = 0; i < machine->n_clients; i++)
            if (is_beside(machine, i, &address))
                write_client(writer, &machine->clients[i], &address);
}

/* -- those who are there already -- */

/* Isolated machines send to those they are allowed to by address, and who starts later brings that. */
struct meeting {
    const struct writer *writer;
    const struct rules_machine *machine;
};

/* A machine that is there wants to send to ours. */
static void meet_wish(const struct nft_element *element, void *data)
{
    const struct meeting *meeting = data;
    const struct address_plan *plan = meeting->machine->plan;
    struct ip_prefix address;
    struct mac mac;

    if (element->key.size < 16 || memcmp(element->key.bytes + 8, plan->guest_mac.byte, sizeof mac.byte) != 0)
        return;
    memcpy(mac.byte, element->key.bytes, sizeof mac.byte);
    for (unsigned position = 0; address_plan_next(plan, &position, &address);)
        write_mac_address(meeting->writer, "leave4", "leave6", mac, &address);
}

/* Ours wants to send to one that is there. */
static void meet_peer(const struct nft_element *element, void *data)
{
    const struct meeting *meeting = data;
    const struct rules_machine *machine = meeting->machine;
    size_t size = element->key.size > 16 ? element->key.size - 16u : 0;
    struct ip_prefix address = {.family = size == 4 ? AF_INET : AF_INET6};

    for (size_t i = 0; i < machine->n_peers; i++)
        if ((size == 4 || size == 16) && strcmp(machine->peers[i].name, element->comment) == 0) {
            memcpy(address.byte, element->key.bytes + 16, size);
            write_mac_address(meeting->writer, "leave4", "leave6", machine->plan->guest_mac, &address);
        }
}

static int meet(struct netlink *filter, const struct writer *writer, const struct rules_machine *machine)
{
    struct meeting meeting = {.writer = writer, .machine = machine};
    int r = nft_each_element(filter, NFT_INET, RULES_TABLE, "wishes", meet_wish, &meeting);

    if (r == 0 && machine->is_isolated && machine->n_peers > 0)
        r = nft_each_element(filter, NFT_INET, RULES_TABLE, "own4", meet_peer, &meeting);
    if (r == 0 && machine->is_isolated && machine->n_peers > 0)
        r = nft_each_element(filter, NFT_INET, RULES_TABLE, "own6", meet_peer, &meeting);
    return r;
}

/* -- adding -- */

static int set_groups(struct netlink *netlink, const struct address_plan *plan, struct error **err)
{
    /* a network of ours is behind it, be it of IPv6 alone */
    uint32_t group = plan->is_managed || plan->host6.family ? RULES_GROUP_MANAGED : RULES_GROUP_PLAIN;

    if (is_in_zone(plan) && link_set_group(netlink, plan->link_index, RULES_GROUP_PORT, false, err) < 0)
        return -error_code(*err);
    /* a bridge of somebody else's stays as it is */
    return plan->router[0] ? link_set_group(netlink, plan->router_index, group, true, err) : 0;
}

static int fill(struct netlink *filter, struct netlink_batch *batch, const struct rules_machine *machine)
{
    const struct writer inet = {.batch = batch, .family = NFT_INET, .comment = machine->name};
    const struct writer bridge = {.batch = batch, .family = NFT_BRIDGE, .comment = machine->name};
    int r = nft_has_table(filter, NFT_INET, RULES_TABLE);

    if (r < 0)
        return r;
    if (r == 0)
        nft_add_table(batch, &rules_inet);
    else if ((r = meet(filter, &inet, machine)) < 0)
        return r;
    write_inet(&inet, machine);

    if (!is_in_zone(machine->plan))
        return 0;
    r = nft_has_table(filter, NFT_BRIDGE, RULES_TABLE);
    if (r < 0)
        return r;
    if (r == 0)
        nft_add_table(batch, &rules_bridge);
    write_bridge(&bridge, machine);
    return 0;
}

static int try_to_add(struct netlink *filter, const struct rules_machine *machine, struct netlink_remark *ret_remark)
{
    CLEANUP(netlink_batch_done) struct netlink_batch batch;

    nft_begin(&batch);
    int r = fill(filter, &batch, machine);
    if (r == 0)
        r = foreign_open(filter, &batch, machine->name, machine->plan);
    return r == 0 ? nft_commit(filter, &batch, ret_remark) : r;
}

int rules_add(struct netlink *netlink, const struct rules_machine *machine, struct error **err)
{
    enum { TRIES = 5 };
    CLEANUP(netlink_close) struct netlink filter = {.fd = -1};
    struct netlink_remark remark = {0};
    int r = -EEXIST;

    if (netlink_open_netfilter(&filter, err) < 0)
        return -error_code(*err);
    /* others begin tables without the lock (rules_begin()) */
    for (int i = 0; i < TRIES && r == -EEXIST; i++)
        r = try_to_add(&filter, machine, &remark);
    if (r < 0)
        return refused(-r, &remark, err);
    return set_groups(netlink, machine->plan, err);
}

/* -- beginning -- */

struct rules_beginning {
    struct netlink filter;
    struct netlink_batch batch;
    struct errand errand;
};

struct rules_beginning *rules_begin(void)
{
    auto_error struct error *later = NULL;      /* rules_add() will say what is the matter */
    struct rules_beginning *beginning = mem_alloc(sizeof *beginning);

    *beginning = (struct rules_beginning){.filter.fd = -1};
    nft_begin(&beginning->batch);
    if (netlink_open_netfilter(&beginning->filter, &later) == 0 &&
        nft_has_table(&beginning->filter, NFT_INET, RULES_TABLE) == 0) {
        nft_add_table(&beginning->batch, &rules_inet);
        nft_commit_meanwhile(&beginning->filter, &beginning->batch, &beginning->errand);
    }
    return beginning;
}

void rules_await(struct rules_beginning *beginning)
{
    if (!beginning)
        return;
    errand_await(&beginning->errand);
    netlink_close(&beginning->filter);
    netlink_batch_done(&beginning->batch);
    free(beginning);
}

static int change_port(const char *name, const struct address_plan *plan, const struct port_forward *port,
                       bool deletes, struct error **err)
{
    CLEANUP(zone_lock_done) struct zone_lock lock = {.fd = -1};
    CLEANUP(netlink_close) struct netlink filter = {.fd = -1};
    CLEANUP(netlink_batch_done) struct netlink_batch batch;
    struct netlink_remark remark = {0};
    const struct writer writer = {.batch = &batch, .family = NFT_INET, .comment = name, .deletes = deletes};

    nft_begin(&batch);
    if (zone_lock_take(&lock, err) < 0 || netlink_open_netfilter(&filter, err) < 0)
        return -error_code(*err);
    write_port(&writer, plan, port);
    int r = nft_commit(&filter, &batch, &remark);
    if (deletes && r == -ENOENT)
        return 0;       /* somebody has cleared all rules of the host */
    return r < 0 ? refused(-r, &remark, err) : 0;
}

int rules_add_port(const char *name, const struct address_plan *plan, const struct port_forward *port,
                   struct error **err)
{
    return change_port(name, plan, port, false, err);
}

int rules_remove_port(const char *name, const struct address_plan *plan, const struct port_forward *port,
                      struct error **err)
{
    return change_port(name, plan, port, true, err);
}

struct search {
    struct nft_key wanted;      /* what a key ends in */
    char *name;
};

static void compare_port(const struct nft_element *element, void *data)
{
    struct search *search = data;
    size_t size = search->wanted.size, at = element->key.size - size;

    if (element->key.size >= size && memcmp(element->key.bytes + at, search->wanted.bytes, size) == 0)
        (void) snprintf(search->name, MACHINE_NAME_MAX + 1, "%s", element->comment);
}

bool rules_find_port(bool udp, uint16_t number, char ret_machine[MACHINE_NAME_MAX + 1])
{
    static const char *const maps[] = {"any4", "any6", "at4", "at6"};
    CLEANUP(netlink_close) struct netlink filter = {.fd = -1};
    auto_error struct error *ignored = NULL;
    struct search search = {.name = ret_machine};

    ret_machine[0] = '\0';
    nft_key_add_u8(&search.wanted, udp ? IPPROTO_UDP : IPPROTO_TCP);
    nft_key_add_port(&search.wanted, number);
    if (netlink_open_netfilter(&filter, &ignored) < 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(maps) && ret_machine[0] == '\0'; i++)
        (void) nft_each_element(&filter, NFT_INET, RULES_TABLE, maps[i], compare_port, &search);
    return ret_machine[0] != '\0';
}

/* -- removing -- */

struct removal {
    const struct writer *writer;
    const char *name;
    unsigned others;            /* elements of other machines */
};

static void remove_element(const struct nft_element *element, void *data)
{
    struct removal *removal = data;

    if (strcmp(element->comment, removal->name) == 0)
        write_element(removal->writer, element);
    else if (strcmp(element->set, "machines") == 0)
        removal->others++;
}

static int empty_table(struct netlink *filter, struct netlink_batch *batch, const struct nft_table *table,
                       const char *name)
{
    const struct writer writer = {.batch = batch, .family = table->family, .deletes = true};
    struct removal removal = {.writer = &writer, .name = name};
    int r = nft_has_table(filter, table->family, table->name);

    for (size_t i = 0; r > 0 && i < table->n_sets; i++) {
        int code = nft_each_element(filter, table->family, table->name, table->sets[i].name, remove_element, &removal);

        if (code < 0)
            r = code;
        /* the first set says whether anybody is left */
        else if (i == 0 && removal.others == 0) {
            nft_delete_table(batch, table->family, table->name);
            break;
        }
    }
    return r < 0 ? r : 0;
}

int rules_remove(const char *name, struct error **err)
{
    /* declared in front of the socket, and so done after it is closed */
    CLEANUP(packet_closer_done) struct packet_closer closer = PACKET_CLOSER_INIT;
    CLEANUP(zone_lock_done) struct zone_lock lock = {.fd = -1};
    CLEANUP(netlink_close) struct netlink filter = {.fd = -1};
    struct netlink_remark remark = {0};

    if (zone_lock_take(&lock, err) < 0 || netlink_open_netfilter(&filter, err) < 0)
        return -error_code(*err);
    for (int tries = 0;; tries++) {
        CLEANUP(netlink_batch_done) struct netlink_batch batch;

        nft_begin(&batch);
        int r = empty_table(&filter, &batch, &rules_inet, name);
        if (r == 0)
            r = empty_table(&filter, &batch, &rules_bridge, name);
        if (r == 0)
            r = foreign_close(&filter, &batch, name);
        if (r == 0)
            r = nft_commit(&filter, &batch, &remark);
        packet_closer_start_for(&closer, filter.fd);
        if (r == 0 || r == -EOPNOTSUPP || r == -EPROTONOSUPPORT)
            return 0;
        /* others than us change rules, too: what was listed may be gone, or the list have been cut short */
        if ((r != -ENOENT && r != -EAGAIN && r != -EINTR) || tries == 5)
            return refused(-r, &remark, err);
    }
}

int undo_packet_filter(const struct strings *args, struct error **err)
{
    if (args->count != 1)
        return fail_plain(err, EINVAL, "the record is not one of a machine's rules");
    return rules_remove(args->item[0], err);
}
