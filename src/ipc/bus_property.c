/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of bus properties. Text becomes one in cli/unit_property.c, bus.c sends it. */
#include "ipc/bus_property.h"

#include <stdlib.h>

void bus_properties_done(struct bus_properties *properties)
{
    for (size_t i = 0; i < properties->count; i++) {
        struct bus_property *property = &properties->item[i];

        strings_done(&property->words);
        free(property->name);
        free(property->bytes);
        free(property->prefixes);
    }
    free(properties->item);
    *properties = (struct bus_properties){0};
}
