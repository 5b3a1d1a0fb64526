/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options about the network. What they imply for each other is decided in spec_resolve(). */
#include <errno.h>
#include <string.h>

#include "config/interface_pair.h"
#include "config/ip_prefix.h"
#include "config/machine_name.h"
#include "config/option_parsers.h"
#include "config/port_parse.h"

DEFINE_SWITCH(option_network_veth, veth)
DEFINE_PATH(option_network_namespace_path, netns_path)

/* A file has no working directory. */
PARSER(option_network_namespace_path_key)
{
    return path_is_absolute(value) ? option_network_namespace_path(spec, value, err)
                                   : fail_plain(err, EINVAL, "'%s' is not an absolute path", value);
}

PARSER(option_private_network)
{
    if (switch_parse(value, &spec->private_network, err) < 0)
        return -error_code(*err);
    spec->private_network_given = spec->private_network;
    return 0;
}

/* Several pairs may stand in one value, parted by blanks. None is a request, too: for a network without them. */
static int pairs_add(struct spec *spec, struct interface_pairs *pairs, const char *value, const char *prefix,
                     const char *what, struct error **err)
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
    if (words.count == 0)
        spec->private_network = spec->private_network_given = true;
    return 0;
}

PARSER(option_network_interface)
{
    return pairs_add(spec, &spec->interfaces, value, "", "Network interface", err);
}

PARSER(option_network_macvlan)
{
    return pairs_add(spec, &spec->macvlans, value, "mv-", "MACVLAN network interface", err);
}

PARSER(option_network_ipvlan)
{
    return pairs_add(spec, &spec->ipvlans, value, "iv-", "IPVLAN network interface", err);
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
    if (!*value)
        spec->veth = true;      /* no zone, but a cable was asked for all the same */
    return 0;
}

PARSER(option_port)
{
    struct port_forward port;
    int r = port_parse(value, &port, err);

    if (r < 0)
        return refuse(err, "R1194", mem_format("Failed to parse host port %s: %s", value, strerror(-r)));
    for (size_t i = 0; i < spec->n_ports; i++)
        if (port_collides(&spec->ports[i], &port)) {
            (void) fail_plain(err, EEXIST, "port %u of the host already goes to port %u", spec->ports[i].host_port,
                              spec->ports[i].container_port);
            return refuse(err, "R1195", mem_format("Duplicate port specification: %s", value));
        }
    MEM_GROW(spec->ports, spec->n_ports);
    spec->ports[spec->n_ports++] = port;
    return 0;
}

/* On the command line several may stand in one value, parted by commas. */
static int each_address(const char *flag, const char *value, struct ip_prefixes *list,
                        int (*check)(const char *text, struct ip_prefix *prefix, struct error **err),
                        struct error **err)
{
    CLEANUP(ip_prefixes_done) struct ip_prefixes more = {0};
    CLEANUP(strings_done) struct strings words = {0};

    strings_split(&words, value, ", \t");
    if (words.count == 0)
        (void) fail_plain(err, EINVAL, "there is no address in it");
    for (size_t i = 0; !*err && i < words.count; i++) {
        struct ip_prefix prefix = {0};

        if (ip_prefix_parse(words.item[i], &prefix) < 0)
            (void) fail_plain(err, EINVAL, "'%s' is not an IPv4 or IPv6 address", words.item[i]);
        else if (!ip_address_is_usable(&prefix))
            (void) fail_plain(err, EINVAL, "'%s' cannot be the address of an interface", words.item[i]);
        else if (check(words.item[i], &prefix, err) == 0)
            ip_prefixes_add(&more, &prefix);
    }
    if (*err)
        return refuse(err, "R1196", mem_format("Failed to parse --%s= argument: %s", flag, value));
    for (size_t i = 0; i < more.count; i++)
        ip_prefixes_add(list, &more.item[i]);
    return 0;
}

static int check_own(const char *text, struct ip_prefix *prefix, struct error **err)
{
    struct ip_prefix network = ip_prefix_network(prefix);

    if (!strchr(text, '/'))
        return fail_plain(err, EINVAL, "say how long its prefix is, as in %s/%d", text,
                          prefix->family == AF_INET ? 24 : 64);
    if (prefix->length == 0)
        return fail_plain(err, EINVAL, "'%s' would make all of the world its neighbour", text);
    if (prefix->family == AF_INET && prefix->length < 31 && ip_address_equal(prefix, &network))
        return fail_plain(err, EINVAL, "'%s' is the name of a network; an address has bits behind the prefix", text);
    return 0;
}

static int check_other(const char *text, struct ip_prefix *prefix, struct error **err)
{
    (void) prefix;
    return strchr(text, '/') ? fail_plain(err, EINVAL, "'%s' is a network; a plain address is wanted", text) : 0;
}

PARSER(option_network_address)
{
    return each_address("network-address", value, &spec->addresses, check_own, err);
}

/* The one given last counts, for its family. */
PARSER(option_network_gateway)
{
    CLEANUP(ip_prefixes_done) struct ip_prefixes more = {0};

    if (each_address("network-gateway", value, &more, check_other, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < more.count; i++) {
        size_t at = 0;

        while (at < spec->gateways.count && spec->gateways.item[at].family != more.item[i].family)
            at++;
        if (at < spec->gateways.count)
            spec->gateways.item[at] = more.item[i];
        else
            ip_prefixes_add(&spec->gateways, &more.item[i]);
    }
    return 0;
}

PARSER(option_network_dns)
{
    return each_address("network-dns", value, &spec->dns, check_other, err);
}

PARSER(option_network_isolate)
{
    return boolean_parse("network-isolate", value, &spec->isolate, err);
}

PARSER(option_network_allow)
{
    CLEANUP(strings_done) struct strings words = {0};
    struct ip_prefix prefix;

    strings_split(&words, value, ", \t");
    for (size_t i = 0; i < words.count; i++)
        if (ip_prefix_parse(words.item[i], &prefix) < 0 && !machine_name_is_valid(words.item[i])) {
            (void) fail_plain(err, EINVAL, "'%s' is neither the name of a machine nor an address, with or without "
                                           "'/LENGTH'",
                              words.item[i]);
            return refuse(err, "R1197", mem_format("Failed to parse --network-allow= argument: %s", value));
        }
    for (size_t i = 0; i < words.count; i++)
        strings_add(&spec->network_allow, words.item[i]);
    return 0;
}
