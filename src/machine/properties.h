/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * properties: what org.freedesktop.machine1 tells of a machine, by the names and in the order of its interface, as
 * text. For whoever shows it: the bus has these with types, `show` has them in lines.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/state.h"

/* What it is, and how it is to be shown. */
enum property_kind { PROPERTY_TEXT, PROPERTY_NUMBER, PROPERTY_TIMESTAMP, PROPERTY_LIST };

struct property {
    const char *name;
    enum property_kind kind;
    char *text;                 /* owned; NULL where there is none, or it is no text */
    uint64_t number;            /* of a list: how many */
};

struct machine_properties {
    struct property item[20];
    size_t count;
};

void machine_properties_read(const struct machine_state *machine, struct machine_properties *ret);
void machine_properties_done(struct machine_properties *properties);

/* The part of a unit's control group that the payload has ("payload"), and the unit. Give; NULL where there is none. */
char *machine_subgroup(const struct machine_state *machine);
char *machine_unit(const struct machine_state *machine);
