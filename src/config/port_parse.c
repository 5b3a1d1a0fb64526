/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Port forwards as text. */
#include "config/port_parse.h"

#include <errno.h>
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

int port_parse(const char *text, struct port_forward *ret, struct error **err)
{
    const char *rest = string_after(text, "udp:");
    struct port_forward port = {.udp = rest != NULL};

    if (!rest)
        rest = string_after(text, "tcp:");
    if (!rest)
        rest = text;

    const char *colon = strchr(rest, ':');
    auto_free char *host = colon ? mem_copy_bytes(rest, (size_t) (colon - rest)) : mem_copy_string(rest);
    int r = number_parse(host, &port.host_port, err);
    if (r < 0)
        return r;
    port.container_port = port.host_port;
    if (colon) {
        r = number_parse(colon + 1, &port.container_port, err);
        if (r < 0)
            return r;
    }
    *ret = port;
    return 0;
}
