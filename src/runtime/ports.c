/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of a machine's forwards, their sockets, and the words of the control socket about them. */
#include "runtime/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/port_parse.h"
#include "net/port_socket.h"
#include "net/rules.h"
#include "runtime/control.h"
#include "runtime/port_proxy.h"
#include "runtime/run_state.h"

/* Sockets of one machine at most; they share the supervisor's descriptors with all else. */
enum { SOCKETS_MAX = 768 };

/* What holds one forward's ports; parallel to the list. Inward ones need no socket: the port is in the machine. */
struct reservation {
    int *fds;
    struct proxy_port *watches;
    size_t count;
};

struct ports {
    struct run *run;
    struct port_forward *list;
    struct reservation *held;
    size_t count;
    bool is_running;
    struct proxy proxy;
    struct control_service services[3];
};

static size_t sockets_of(const struct port_forward *port)
{
    return port->inward ? 0 : port->count;
}

/* -- sockets -- */

static void reservation_done(struct reservation *held)
{
    for (size_t i = 0; i < held->count; i++) {
        proxy_unwatch(&held->watches[i]);
        fd_closep(&held->fds[i]);
    }
    free(TAKE(held->fds));
    free(TAKE(held->watches));
    held->count = 0;
}

static int reserve(const struct port_forward *port, struct reservation *ret, struct error **err)
{
    struct reservation held = {0};
    size_t n = sockets_of(port);

    held.fds = mem_alloc((n + 1) * sizeof *held.fds);
    held.watches = mem_alloc((n + 1) * sizeof *held.watches);
    for (; held.count < n; held.count++)
        if (port_socket_open(port, (unsigned) held.count, &held.fds[held.count], err) < 0) {
            reservation_done(&held);
            return -error_code(*err);
        }
    *ret = held;
    return 0;
}

static void watch(struct ports *ports, size_t index)
{
    const struct port_forward *port = &ports->list[index];
    struct reservation *held = &ports->held[index];

    for (size_t i = 0; ports->is_running && i < held->count; i++)
        proxy_watch(&ports->proxy, &held->watches[i], held->fds[i], port->udp, (uint16_t) (port->container_port + i));
}

/* -- the list -- */

static int add(struct ports *ports, const struct port_forward *port, struct error **err)
{
    char text[PORT_TEXT_SIZE];
    size_t n = sockets_of(port);

    for (size_t i = 0; i < ports->count; i++) {
        n += sockets_of(&ports->list[i]);
        if (!port_collides(&ports->list[i], port))
            continue;
        fail_plain(err, EEXIST, "the machine has the forward %s already", port_format(&ports->list[i], text));
        fail_id(*err, "R2857");
        fail_hint(*err, "'redd port %s remove %s' takes it away", ports->run->machine, text);
        return -EEXIST;
    }
    if (n > SOCKETS_MAX) {
        fail_plain(err, E2BIG, "a machine can have %d ports of the host at most", SOCKETS_MAX);
        fail_id(*err, "R2858");
        fail_hint(*err, "give it an address in the network of its clients: --network-bridge= or --network-macvlan=");
        return -E2BIG;
    }

    struct reservation held;
    if (reserve(port, &held, err) < 0)
        return -error_code(*err);
    ports->list = mem_resize(ports->list, (ports->count + 1) * sizeof *ports->list);
    ports->held = mem_resize(ports->held, (ports->count + 1) * sizeof *ports->held);
    ports->list[ports->count] = *port;
    ports->held[ports->count] = held;
    watch(ports, ports->count++);
    return 0;
}

static void drop(struct ports *ports, size_t index)
{
    reservation_done(&ports->held[index]);
    ports->count--;
    memmove(&ports->list[index], &ports->list[index + 1], (ports->count - index) * sizeof *ports->list);
    memmove(&ports->held[index], &ports->held[index + 1], (ports->count - index) * sizeof *ports->held);
}

const struct port_forward *ports_list(const struct run *run, size_t *ret_count)
{
    *ret_count = run->ports ? run->ports->count : 0;
    return run->ports ? run->ports->list : NULL;
}

/* -- the words -- */

static int serve_list(void *data, const struct control_message *request, struct control_message *answer,
                      struct error **err)
{
    const struct ports *ports = data;
    char text[PORT_TEXT_SIZE];

    (void) request, (void) err;
    for (size_t i = 0; i < ports->count; i++)
        control_add(answer, "PORT", "%s", port_format(&ports->list[i], text));
    return 0;
}

static int read_port(const struct control_message *request, struct port_forward *ret, struct error **err)
{
    const char *text = control_get(request, "PORT");

    return text ? port_parse(text, ret, err) : fail_plain(err, EINVAL, "no PORT= is given");
}

static int check_reach(const struct ports *ports, const struct port_forward *port, struct error **err)
{
    const struct address_plan *plan = &ports->run->address_plan;

    if (port->inward && plan->link[0] && !plan->router[0]) {
        fail_plain(err, EADDRNOTAVAIL, "a service of the host is reached at the machine's gateway, which on a bridge "
                                       "of yours is not redd's to know");
        fail_id(*err, "R2855");
        fail_hint(*err, "use -n (--network-veth) or --network-zone=, or let the service listen on the bridge");
        return -EADDRNOTAVAIL;
    }
    if (plan->guest4.family || plan->is_leased || (plan->guest6.family && !port->inward))
        return 0;
    fail_plain(err, EADDRNOTAVAIL, "the host knows no %saddress of the machine to forward to",
               port->inward ? "IPv4 " : "");
    fail_id(*err, "R2855");
    fail_hint(*err, "forwards need a virtual cable (-n, --network-zone=, --network-bridge=); where redd does not give "
                    "out the addresses, --network-address= says which one the machine has");
    return -EADDRNOTAVAIL;
}

/* What is added is found again, and taken back, by what a start with rules has recorded. */
static int check_rules(const struct ports *ports, struct error **err)
{
    if (spec_wants_rules(ports->run->spec))
        return 0;
    fail_plain(err, EOPNOTSUPP, "no forward leads through the network that the machine was started with");
    fail_id(*err, "R2861");
    fail_hint(*err, "on a bridge of yours the first one has to be there at the start, by --port= and "
                    "--network-address=; by --network-macvlan= and the like the host cannot reach the machine");
    return -EOPNOTSUPP;
}

static int serve_add(void *data, const struct control_message *request, struct control_message *answer,
                     struct error **err)
{
    struct ports *ports = data;
    struct port_forward port;

    (void) answer;
    if (read_port(request, &port, err) < 0 || check_rules(ports, err) < 0 || check_reach(ports, &port, err) < 0 ||
        add(ports, &port, err) < 0)
        return -error_code(*err);
    if (rules_add_port(ports->run->machine, &ports->run->address_plan, &port, err) < 0) {
        drop(ports, ports->count - 1);
        return -error_code(*err);
    }
    return 0;
}

/* How well a forward fits what was said of the one that is meant: not at all, by its port of the host's, wholly. */
enum fit { FIT_NONE, FIT_PORT, FIT_WHOLE };

static enum fit fit(const struct port_forward *port, const struct port_forward *wanted)
{
    if (wanted->address.family && !ip_address_equal(&port->address, &wanted->address))
        return FIT_NONE;
    if (port_equal(port, wanted))
        return port->address.family == wanted->address.family ? FIT_WHOLE : FIT_PORT;
    return port->udp == wanted->udp && port->inward == wanted->inward && port->host_port == wanted->host_port &&
                   wanted->container_port == wanted->host_port
               ? FIT_PORT
               : FIT_NONE;
}

static int refuse_unclear(const struct ports *ports, size_t first, size_t second, const struct port_forward *wanted,
                          struct error **err)
{
    char text[PORT_TEXT_SIZE], one[PORT_TEXT_SIZE], other[PORT_TEXT_SIZE];

    fail_plain(err, ENOTUNIQ, "%s can be %s or %s", port_format(wanted, text), port_format(&ports->list[first], one),
               port_format(&ports->list[second], other));
    fail_id(*err, "R2862");
    fail_hint(*err, "say all of it: 'redd port %s remove %s'", ports->run->machine, one);
    return -ENOTUNIQ;
}

/* The one that is said as it stands there, or else the only one that can be meant. */
static int find_meant(const struct ports *ports, const struct port_forward *wanted, size_t *ret, struct error **err)
{
    char text[PORT_TEXT_SIZE];
    size_t found = ports->count, second = ports->count;

    for (size_t i = 0; i < ports->count; i++) {
        enum fit how = fit(&ports->list[i], wanted);

        if (how == FIT_WHOLE) {
            *ret = i;
            return 0;
        }
        if (how == FIT_PORT && found == ports->count)
            found = i;
        else if (how == FIT_PORT)
            second = i;
    }
    if (second < ports->count)
        return refuse_unclear(ports, found, second, wanted, err);
    if (found < ports->count) {
        *ret = found;
        return 0;
    }
    fail_plain(err, ENOENT, "the machine has no forward %s", port_format(wanted, text));
    fail_id(*err, "R2859");
    fail_hint(*err, "'redd ports %s' lists what it has", ports->run->machine);
    return -ENOENT;
}

static int serve_remove(void *data, const struct control_message *request, struct control_message *answer,
                        struct error **err)
{
    struct ports *ports = data;
    struct port_forward port;
    size_t i;

    (void) answer;
    if (read_port(request, &port, err) < 0 || find_meant(ports, &port, &i, err) < 0 ||
        rules_remove_port(ports->run->machine, &ports->run->address_plan, &ports->list[i], err) < 0)
        return -error_code(*err);
    drop(ports, i);
    return 0;
}

/* -- the run's -- */

static struct ports *ports_of(struct run *run)
{
    struct ports *ports = run->ports;

    if (ports)
        return ports;
    ports = run->ports = mem_alloc(sizeof *ports);
    ports->run = run;
    ports->proxy.events = &run->events;
    ports->services[0] = (struct control_service){"ports", serve_list, ports};
    ports->services[1] = (struct control_service){"port-add", serve_add, ports};
    ports->services[2] = (struct control_service){"port-remove", serve_remove, ports};
    for (size_t i = 0; i < COUNT_OF(ports->services); i++)
        control_offer(run, &ports->services[i]);
    return ports;
}

int step_ports_reserve(struct run *run, struct error **err)
{
    struct ports *ports = ports_of(run);

    for (size_t i = 0; i < run->spec->n_ports; i++)
        if (add(ports, &run->spec->ports[i], err) < 0)
            return -error_code(*err);
    if (!run->spec->veth)
        ports_check(run);
    return 0;
}

void step_ports_release(struct run *run)
{
    struct ports *ports = run->ports;

    if (!ports)
        return;
    ports_stop(run);
    while (ports->count > 0)
        drop(ports, ports->count - 1);
    free(ports->list);
    free(ports->held);
    free(TAKE(run->ports));
}

void ports_check(const struct run *run)
{
    for (size_t i = 0; run->ports && i < run->ports->count; i++) {
        auto_error struct error *err = NULL;

        if (check_reach(run->ports, &run->ports->list[i], &err) == 0)
            continue;
        log_warning("%s [%s]", error_text(err), error_id(err));
        log_warning("hint: %s", error_hint(err));
        return;
    }
}

void ports_follow(struct run *run)
{
    if (!run->ports)
        return;
    run->ports->proxy.guest4 = run->address_plan.guest4;
    run->ports->proxy.guest6 = run->address_plan.guest6;
}

void ports_start(struct run *run)
{
    struct ports *ports = run->ports;

    if (!ports)
        return;
    ports_follow(run);
    ports->is_running = true;
    for (size_t i = 0; i < ports->count; i++)
        watch(ports, i);
}

void ports_stop(struct run *run)
{
    struct ports *ports = run->ports;

    if (!ports || !ports->is_running)
        return;
    ports->is_running = false;
    for (size_t i = 0; i < ports->count; i++)
        for (size_t j = 0; j < ports->held[i].count; j++)
            proxy_unwatch(&ports->held[i].watches[j]);
    proxy_done(&ports->proxy);
}
