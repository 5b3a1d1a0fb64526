/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd show, machinectl show: properties of machines, or of the place for images, as lines for programs. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/machine_words.h"
#include "cli/timestamp.h"
#include "machine/properties.h"

static bool is_wanted(const struct verb_options *options, const char *name)
{
    return options->properties.count == 0 || strings_contain(&options->properties, name);
}

static void print_line(const struct verb_options *options, const char *name, const char *value)
{
    if (!is_wanted(options, name) || (!*value && !options->all))
        return;
    if (options->value_only)
        (void) puts(value);
    else
        (void) printf("%s=%s\n", name, value);
}

static void print_property(const struct verb_options *options, const struct property *property)
{
    char when[TIMESTAMP_SIZE];

    switch (property->kind) {
    case PROPERTY_TEXT:
    case PROPERTY_NUMBER:
        print_line(options, property->name, property->text ? property->text : "");
        break;
    case PROPERTY_TIMESTAMP:
        timestamp_format(property->number, when);
        print_line(options, property->name, property->number ? when : "");
        break;
    case PROPERTY_LIST:
        if (options->all)
            print_line(options, property->name, "[unprintable]");
        break;
    }
}

static void print_json(struct json *json, const struct verb_options *options, const struct machine_state *machine,
                       const struct machine_properties *properties)
{
    json_object(json, NULL);
    for (size_t i = 0; i < properties->count; i++) {
        const struct property *p = &properties->item[i];

        if (!is_wanted(options, p->name))
            continue;
        if (p->kind == PROPERTY_LIST) {
            json_array(json, p->name);
            for (size_t k = 0; k < machine->n_netif; k++)
                json_unsigned(json, NULL, machine->netif[k]);
            json_end(json);
        } else if (p->kind == PROPERTY_TEXT)
            json_string(json, p->name, p->text);
        else
            json_unsigned(json, p->name, p->number);
    }
    json_end(json);
}

static void show_pool(const struct verb_options *options)
{
    print_line(options, "PoolPath", "/var/lib/machines");
    print_line(options, "PoolUsage", "18446744073709551615");
    print_line(options, "PoolLimit", "18446744073709551615");
}

int verb_show(const struct verb_call *call, int *ret_status, struct error **err)
{
    struct json json = {.style = call->options->json};

    (void) ret_status;
    if (call->argc == 0 && json.style == JSON_OFF) {
        show_pool(call->options);
        return 0;
    }
    if (json.style != JSON_OFF)
        json_array(&json, NULL);
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(machine_state_done) struct machine_state machine = {0};
        CLEANUP(machine_properties_done) struct machine_properties properties = {0};

        if (machine_look_up(call, call->argv[i], &machine, err) < 0)
            return -error_code(*err);
        machine_properties_read(&machine, &properties);
        if (json.style != JSON_OFF) {
            print_json(&json, call->options, &machine, &properties);
            continue;
        }
        if (i > 0)
            (void) puts("");
        for (size_t k = 0; k < properties.count; k++)
            print_property(call->options, &properties.item[k]);
    }
    if (json.style != JSON_OFF) {
        json_end(&json);
        json_finish(&json);
    }
    return 0;
}
