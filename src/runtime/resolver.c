/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whom a container with a network of its own asks for names. On a managed cable that is the server in its supervisor
 * (name_server.h), which knows the machines of the zone and asks the host's servers for all others; elsewhere it is
 * those of the host's servers that do not stand on the host's loopback. What is found goes into the plan of addresses,
 * for DHCP and router advertisements, and into the container's resolv.conf.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strings.h"
#include "net/upstream.h"
#include "runtime/integrate.h"
#include "runtime/name_server.h"
#include "runtime/resolv_conf.h"
#include "runtime/run_state.h"

enum { FILE_SIZE_MAX = 64 << 10 };

static void add_server(struct address_plan *plan, const struct ip_prefix *address)
{
    if (address->family && plan->n_dns < ADDRESS_PLAN_DNS)
        plan->dns[plan->n_dns++] = ip_prefix_address(address);
}

/* The host's servers, as far as they can be asked from another network. */
static void add_host_servers(struct address_plan *plan)
{
    static const char *const paths[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};

    for (size_t i = 0; i < COUNT_OF(paths) && plan->n_dns == 0; i++) {
        auto_free char *text = NULL;
        char word[UPSTREAM_WORD_SIZE];
        struct ip_prefix address;

        if (file_read_quiet(AT_FDCWD, paths[i], FILE_SIZE_MAX, &text) < 0)
            continue;
        for (const char *at = text; upstream_next(&at, word);)
            if (!upstream_is_loopback(word) && ip_prefix_parse(word, &address) == 0)
                add_server(plan, &address);
    }
}

static int start_server(struct run *run, struct error **err)
{
    const struct address_plan *plan = &run->address_plan;
    const struct name_server_setup setup = {
        .link_index = plan->link_index,
        .router_mac = plan->router_mac,
        .host4 = plan->host4,
        .host6 = plan->host6,
    };

    return name_server_start(&setup, &run->events, &run->name_server, err);
}

/* How short names are completed here, as the host does. */
static void add_search(struct strings *lines)
{
    auto_free char *text = NULL;

    if (file_read_quiet(AT_FDCWD, "/etc/resolv.conf", FILE_SIZE_MAX, &text) < 0)
        return;
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");

        if (string_starts(line, "search ") || string_starts(line, "domain "))
            strings_add_format(lines, "%.*s\n", (int) length, line);
        line += length + (line[length] == '\n');
    }
}

static int write_resolv_conf(struct run *run, struct error **err)
{
    CLEANUP(strings_done) struct strings lines = {0};
    const struct address_plan *plan = &run->address_plan;
    char text[IP_PREFIX_TEXT_SIZE];

    strings_add(&lines, RESOLV_CONF_MARK);
    for (unsigned i = 0; i < plan->n_dns; i++)
        strings_add_format(&lines, "nameserver %s\n", ip_address_format(&plan->dns[i], text));
    if (plan->n_dns > 0)
        add_search(&lines);

    auto_free char *all = strings_join(&lines, "");
    return integration_write_resolv_conf(run, all, err);
}

/* A machine without names is better than none at all: what fails here is said and no more. */
int step_resolver_start(struct run *run, struct error **err)
{
    struct address_plan *plan = &run->address_plan;
    auto_error struct error *remark = NULL;

    (void) err;
    if (plan->is_managed && start_server(run, &remark) < 0) {
        log_warning("names of other machines are not known inside: %s", error_text(remark));
        remark = error_free(remark);
    }
    if (plan->n_dns == 0 && run->name_server) {
        add_server(plan, &plan->host4);
        add_server(plan, &plan->host6);
    }
    if (plan->n_dns == 0)
        add_host_servers(plan);
    if (write_resolv_conf(run, &remark) < 0)
        log_warning("%s", error_text(remark));
    return 0;
}

void step_resolver_stop(struct run *run)
{
    run->name_server = name_server_stop(run->name_server);
}
