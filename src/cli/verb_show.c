/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd show, machinectl show: properties of machines, or of the place for images, as lines for programs. */
#include <stdint.h>

#include "base/mem.h"
#include "cli/machine_words.h"
#include "cli/properties.h"
#include "machine/properties.h"

static void show_property(struct properties *out, const struct machine_state *machine, const struct property *property)
{
    switch (property->kind) {
    case PROPERTY_TEXT:
        property_text(out, property->name, property->text);
        break;
    case PROPERTY_NUMBER:
        property_number(out, property->name, property->number, NULL);
        break;
    case PROPERTY_TIMESTAMP:
        property_time(out, property->name, property->number);
        break;
    case PROPERTY_LIST:
        property_numbers(out, property->name, machine->netif, machine->n_netif);
        break;
    }
}

static void show_pool(struct properties *out)
{
    properties_begin(out, false);
    property_text(out, "PoolPath", "/var/lib/machines");
    property_number(out, "PoolUsage", UINT64_MAX, NULL);
    property_number(out, "PoolLimit", UINT64_MAX, NULL);
    properties_end(out);
}

int verb_show(const struct verb_call *call, int *ret_status, struct error **err)
{
    struct properties out = {.options = call->options};

    (void) ret_status;
    if (call->argc == 0)
        show_pool(&out);
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(machine_state_done) struct machine_state machine = {0};
        CLEANUP(machine_properties_done) struct machine_properties list = {0};

        if (machine_look_up(call, call->argv[i], &machine, err) < 0)
            return -error_code(*err);
        machine_properties_read(&machine, &list);
        properties_begin(&out, true);
        for (size_t k = 0; k < list.count; k++)
            show_property(&out, &machine, &list.item[k]);
        properties_end(&out);
    }
    properties_finish(&out);
    return 0;
}
