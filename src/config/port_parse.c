/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Port forwards as text, and when two of them cannot both be. */
#include "config/port_parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

static int number_parse(const char *text, uint16_t *ret, struct error **err)
{
    uint32_t number;
    int r = parse_u32(text, &number);

    if (r == -EINVAL)
        return fail_plain(err, EINVAL, "'%s' is no port; a forward is [tcp:|udp:]HOSTPORT[:CONTAINERPORT]", text);
    if (r == 0 && number == 0)
        return fail_plain(err, EINVAL, "there is no port 0");
    if (r < 0 || number > UINT16_MAX)
        return fail_plain(err, ERANGE, "ports go to %d", UINT16_MAX);
    *ret = (uint16_t) number;
    return 0;
}

/* FIRST or FIRST-LAST. */
static int range_parse(const char *text, uint16_t *ret_first, uint16_t *ret_count, struct error **err)
{
    const char *dash = strchr(text, '-');
    auto_free char *first = dash ? mem_copy_bytes(text, (size_t) (dash - text)) : mem_copy_string(text);
    uint16_t last;

    if (number_parse(first, ret_first, err) < 0)
        return -error_code(*err);
    *ret_count = 1;
    if (!dash)
        return 0;
    if (number_parse(dash + 1, &last, err) < 0)
        return -error_code(*err);
    if (last < *ret_first)
        return fail_plain(err, EINVAL, "'%s' ends before it begins", text);
    if (last - *ret_first >= PORT_RANGE_MAX)
        return fail_plain(err, ERANGE, "a range has %d ports at most", PORT_RANGE_MAX);
    *ret_count = (uint16_t) (last - *ret_first + 1);
    return 0;
}

/* Takes ADDRESS: off the front, where there is one. */
static int address_take(const char **rest, struct port_forward *port, struct error **err)
{
    const char *start = *rest, *end;
    auto_free char *address = NULL;

    if (*start == '[') {
        end = strchr(start, ']');
        if (!end || end[1] != ':')
            return fail_plain(err, EINVAL, "the address in '%s' has no ']:' behind it", start);
        address = mem_copy_bytes(start + 1, (size_t) (end - start) - 1);
        *rest = end + 2;
    } else {
        end = start + strcspn(start, ":");
        if (*end != ':' || !memchr(start, '.', (size_t) (end - start)))
            return 0;
        address = mem_copy_bytes(start, (size_t) (end - start));
        *rest = end + 1;
    }
    if (ip_prefix_parse(address, &port->address) < 0 || port->address.length != ip_family_bits(port->address.family) ||
        (port->address.family == AF_INET6) != (*start == '['))
        return fail_plain(err, EINVAL, "'%s' is no address", address);
    /* as good as none */
    if (!port->address.byte[0] && !memcmp(port->address.byte, port->address.byte + 1, sizeof port->address.byte - 1))
        port->address = (struct ip_prefix){0};
    return 0;
}

/* ":in" off the end. */
static char *direction_take(const char *text, struct port_forward *port)
{
    size_t length = strlen(text);

    port->inward = string_ends(text, ":in");
    return mem_copy_bytes(text, port->inward ? length - 3 : length);
}

int port_parse(const char *text, struct port_forward *ret, struct error **err)
{
    const char *rest = string_after(text, "udp:");
    struct port_forward port = {.udp = rest != NULL};

    if (!rest)
        rest = string_after(text, "tcp:");
    auto_free char *both = direction_take(rest ? rest : text, &port);
    rest = both;
    if (address_take(&rest, &port, err) < 0)
        return -error_code(*err);

    const char *colon = strchr(rest, ':');
    auto_free char *host = colon ? mem_copy_bytes(rest, (size_t) (colon - rest)) : mem_copy_string(rest);
    if (range_parse(host, &port.host_port, &port.count, err) < 0)
        return -error_code(*err);
    port.container_port = port.host_port;
    if (colon) {
        uint16_t count;

        if (range_parse(colon + 1, &port.container_port, &count, err) < 0)
            return -error_code(*err);
        if (count != port.count && count != 1)
            return fail_plain(err, EINVAL, "the ranges in '%s' are not of one length", text);
    }
    if (port.container_port + port.count - 1 > UINT16_MAX)
        return fail_plain(err, ERANGE, "ports go to %d", UINT16_MAX);
    if (port.inward && port.address.family == AF_INET6)
        return fail_plain(err, EINVAL, "a service of the host's is reached at an IPv4 address of it only");
    *ret = port;
    return 0;
}

const char *port_format(const struct port_forward *port, char ret[PORT_TEXT_SIZE])
{
    char address[IP_PREFIX_TEXT_SIZE + 3] = "", text[IP_PREFIX_TEXT_SIZE], host[16], container[16];

    if (port->address.family == AF_INET6)
        (void) snprintf(address, sizeof address, "[%s]:", ip_address_format(&port->address, text));
    else if (port->address.family)
        (void) snprintf(address, sizeof address, "%s:", ip_address_format(&port->address, text));
    if (port->count > 1) {
        (void) snprintf(host, sizeof host, "%u-%u", port->host_port, port->host_port + port->count - 1);
        (void) snprintf(container, sizeof container, "%u-%u", port->container_port,
                        port->container_port + port->count - 1);
    } else {
        (void) snprintf(host, sizeof host, "%u", port->host_port);
        (void) snprintf(container, sizeof container, "%u", port->container_port);
    }
    (void) snprintf(ret, PORT_TEXT_SIZE, "%s:%s%s:%s%s", port->udp ? "udp" : "tcp", address, host, container,
                    port->inward ? ":in" : "");
    return ret;
}

bool port_equal(const struct port_forward *a, const struct port_forward *b)
{
    return a->udp == b->udp && a->inward == b->inward && a->host_port == b->host_port &&
           a->container_port == b->container_port && a->count == b->count;
}

bool port_collides(const struct port_forward *a, const struct port_forward *b)
{
    unsigned first_a = a->inward ? a->container_port : a->host_port;
    unsigned first_b = b->inward ? b->container_port : b->host_port;

    if (a->udp != b->udp || a->inward != b->inward || first_a >= first_b + b->count || first_b >= first_a + a->count)
        return false;
    return a->inward || !a->address.family || !b->address.family || ip_address_equal(&a->address, &b->address);
}
