/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties of machines and images as text or JSON. */
#include "cli/properties.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/timestamp.h"

void properties_begin(struct properties *out, bool listed)
{
    if (out->options->json != JSON_OFF) {
        out->json.style = out->options->json;
        if (listed && !out->begun)
            json_array(&out->json, NULL);
        json_object(&out->json, NULL);
    } else if (out->begun)
        (void) putchar('\n');
    out->begun = true;
    out->listed = listed;
}

void properties_end(struct properties *out)
{
    if (out->options->json != JSON_OFF)
        json_end(&out->json);
}

void properties_finish(struct properties *out)
{
    if (out->options->json == JSON_OFF || !out->begun)
        return;
    if (out->listed)
        json_end(&out->json);
    json_finish(&out->json);
}

static bool is_wanted(const struct properties *out, const char *name)
{
    return out->options->properties.count == 0 || strings_contain(&out->options->properties, name);
}

static void print(const struct properties *out, const char *name, const char *value)
{
    if (!*value && !out->options->all)
        return;
    if (out->options->value_only)
        (void) puts(value);
    else
        (void) printf("%s=%s\n", name, value);
}

void property_text(struct properties *out, const char *name, const char *value)
{
    if (!is_wanted(out, name))
        return;
    if (out->options->json != JSON_OFF)
        json_string(&out->json, name, value);
    else
        print(out, name, value ? value : "");
}

void property_bool(struct properties *out, const char *name, bool value)
{
    if (!is_wanted(out, name))
        return;
    if (out->options->json != JSON_OFF)
        json_bool(&out->json, name, value);
    else
        print(out, name, value ? "yes" : "no");
}

void property_number(struct properties *out, const char *name, uint64_t value, const char *shown)
{
    char digits[24];

    if (!is_wanted(out, name))
        return;
    (void) snprintf(digits, sizeof digits, "%" PRIu64, value);
    if (out->options->json == JSON_OFF)
        print(out, name, shown ? shown : digits);
    else if (value == UINT64_MAX)
        json_null(&out->json, name);
    else
        json_unsigned(&out->json, name, value);
}

void property_numbers(struct properties *out, const char *name, const uint32_t *numbers, size_t n)
{
    if (!is_wanted(out, name))
        return;
    if (out->options->json == JSON_OFF) {
        if (out->options->all)
            print(out, name, "[unprintable]");
        return;
    }
    json_array(&out->json, name);
    for (size_t i = 0; i < n; i++)
        json_unsigned(&out->json, NULL, numbers[i]);
    json_end(&out->json);
}

void property_time(struct properties *out, const char *name, uint64_t realtime_us)
{
    char text[TIMESTAMP_SIZE];

    if (!is_wanted(out, name))
        return;
    if (out->options->json == JSON_OFF)
        print(out, name, realtime_us ? timestamp_format(realtime_us, text) : "");
    else if (realtime_us == 0)
        json_null(&out->json, name);
    else
        json_unsigned(&out->json, name, realtime_us);
}
