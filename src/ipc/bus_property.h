/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bus_property: a property of a unit as a value with a type, between the text it is read from and the bus. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strings.h"

/* How a value travels; the D-Bus signature is behind each. */
enum bus_type {
    BUS_STRING,                 /* s: words.item[0] */
    BUS_BOOLEAN,                /* b: number */
    BUS_INT32,                  /* i: number */
    BUS_UINT32,                 /* u: number */
    BUS_UINT64,                 /* t: number */
    BUS_STRINGS,                /* as: words */
    BUS_BYTES,                  /* ay: bytes */
    BUS_PAIRS,                  /* a(ss): words, two by two */
    BUS_NUMBERED,               /* a(st): each of words with number */
    BUS_PREFIXES,               /* a(iayu): prefixes */
};

struct bus_prefix {
    int family;                 /* AF_INET, AF_INET6 */
    uint8_t address[16];
    uint32_t length;
};

/* One property of a unit, as the service manager wants it. All is owned. */
struct bus_property {
    char *name;
    enum bus_type type;
    bool optional;              /* older managers do not have it: left out when they refuse */
    uint64_t number;
    struct strings words;
    uint8_t *bytes;
    size_t n_bytes;
    struct bus_prefix *prefixes;
    size_t n_prefixes;
};

struct bus_properties {
    struct bus_property *item;
    size_t count;
};
void bus_properties_done(struct bus_properties *properties);
