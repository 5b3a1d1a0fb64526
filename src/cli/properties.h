/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * properties: what the verbs "show" print: blocks of Name=Value, parted by empty lines, or JSON objects in an array.
 *
 *     struct properties out = {.options = call->options};
 *     properties_begin(&out);
 *     property_text(&out, "Name", "web");
 *     properties_end(&out);
 *     properties_finish(&out);
 *
 * -p chooses among them, --value leaves the names out, -a shows empty ones too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/json.h"
#include "cli/verb_options.h"

/* Only .options is for the caller. */
struct properties {
    const struct verb_options *options;
    struct json json;
    bool begun;
    bool listed;                /* JSON: in an array */
};

/* LISTED: JSON is an array of objects, else it is one object. */
void properties_begin(struct properties *out, bool listed);
void properties_end(struct properties *out);
void properties_finish(struct properties *out);

void property_text(struct properties *out, const char *name, const char *value);        /* NULL: empty */
void property_bool(struct properties *out, const char *name, bool value);               /* yes, no */
/* SHOWN: for people, NULL for the digits; in JSON it is the number, or null for UINT64_MAX. */
void property_number(struct properties *out, const char *name, uint64_t value, const char *shown);
/* For people only that there is such a property, and with -a alone. */
void property_numbers(struct properties *out, const char *name, const uint32_t *numbers, size_t n);
void property_time(struct properties *out, const char *name, uint64_t realtime_us);     /* 0: empty */
