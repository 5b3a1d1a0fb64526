/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options about the network. What they imply for each other is decided in spec_resolve(). */
#include <errno.h>
#include <string.h>

#include "config/interface_pair.h"
#include "config/option_parsers.h"
#include "config/port_parse.h"

DEFINE_SWITCH(option_network_veth, veth)
DEFINE_PATH(option_network_namespace_path, netns_path)

PARSER(option_private_network)
{
    if (switch_parse(value, &spec->private_network, err) < 0)
        return -error_code(*err);
    spec->private_network_given = spec->private_network;
    return 0;
}

/* Several pairs may stand in one value, parted by blanks. */
static int pairs_add(struct interface_pairs *pairs, const char *value, const char *prefix, const char *what,
                     struct error **err)
{
    CLEANUP(interface_pairs_done) struct interface_pairs more = {0};
    CLEANUP(strings_done) struct strings words = {0};

    strings_split(&words, value, " \t");
    for (size_t i = 0; i < words.count; i++) {
        struct interface_pair pair;
        const char *bad = "";

        if (interface_pair_parse(words.item[i], prefix, &pair, &bad, err) < 0) {
            /* the host's name is bad up to the colon, the container's up to the end */
            int length = (int) (bad == words.item[i] ? strcspn(bad, ":") : strlen(bad));

            return refuse(err, "R1190", mem_format("%s, interface name not valid: %.*s", what, length, bad));
        }
        interface_pairs_take(&more, pair);
    }
    for (size_t i = 0; i < more.count; i++) {
        interface_pairs_take(pairs, more.item[i]);
        more.item[i] = (struct interface_pair){0};
    }
    return 0;
}

PARSER(option_network_interface)
{
    return pairs_add(&spec->interfaces, value, "", "Network interface", err);
}

PARSER(option_network_macvlan)
{
    return pairs_add(&spec->macvlans, value, "mv-", "MACVLAN network interface", err);
}

PARSER(option_network_ipvlan)
{
    return pairs_add(&spec->ipvlans, value, "iv-", "IPVLAN network interface", err);
}

PARSER(option_network_veth_extra)
{
    struct interface_pair pair;

    if (interface_pair_parse(value, "", &pair, NULL, err) < 0)
        return refuse(err, "R1191", mem_format("Failed to parse --network-veth-extra= parameter: %s", value));
    interface_pairs_take(&spec->veth_extras, pair);
    return 0;
}

PARSER(option_network_bridge)
{
    if (!interface_name_is_valid(value)) {
        (void) fail_plain(err, EINVAL, "an interface's name has 1 to %d characters, no '/', ':', '%%' or blank",
                          INTERFACE_NAME_MAX);
        return refuse(err, "R1192", mem_format("Bridge interface name not valid: %s", value));
    }
    text_set(&spec->bridge, value);
    return 0;
}

/* The bridge of a zone is "vz-ZONE", and unlike other names of ours it is not shortened: zones are told apart by it. */
PARSER(option_network_zone)
{
    auto_free char *bridge = mem_format("vz-%s", value);

    if (*value && !interface_name_is_valid(bridge)) {
        (void) fail_plain(err, EINVAL, "a zone's name has %d characters at most, no '/', ':', '%%' or blank",
                          INTERFACE_NAME_MAX - 3);
        return refuse(err, "R1193", mem_format("Network zone name not valid: %s", bridge));
    }
    text_set(&spec->zone, value);
    return 0;
}

PARSER(option_port)
{
    struct port_forward port;
    int r = port_parse(value, &port, err);

    if (r < 0)
        return refuse(err, "R1194", mem_format("Failed to parse host port %s: %s", value, strerror(-r)));
    for (size_t i = 0; i < spec->n_ports; i++)
        if (spec->ports[i].host_port == port.host_port && spec->ports[i].udp == port.udp) {
            (void) fail_plain(err, EEXIST, "port %u of the host already goes to port %u", port.host_port,
                              spec->ports[i].container_port);
            return refuse(err, "R1195", mem_format("Duplicate port specification: %s", value));
        }
    MEM_GROW(spec->ports, spec->n_ports);
    spec->ports[spec->n_ports++] = port;
    return 0;
}
