/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The section [Machine] of a .nspawn file: a machine among others, and what happens when it ends. */
#include <errno.h>
#include <string.h>

#include "config/machine_name.h"
#include "config/option_parsers.h"
#include "config/quantity.h"

static int name_add(struct strings *names, const char *value, struct error **err)
{
    if (machine_name_check(value, err) < 0)
        return refuse(err, "R4060", mem_format("'%s' is not the name of a machine", value));
    if (!strings_contain(names, value))
        strings_add(names, value);
    return 0;
}

PARSER(option_after)
{
    return name_add(&spec->after, value, err);
}

PARSER(option_requires)
{
    return name_add(&spec->requires, value, err);
}

static int refuse_ready(const char *value, struct error **err)
{
    (void) fail_plain(err, EINVAL, "it is started, notify, port:NUMBER, or command:WORDS");
    return refuse(err, "R4061", mem_format("Failed to parse ReadyWhen= value: %s", value));
}

PARSER(option_ready_when)
{
    const char *port = string_after(value, "port:"), *command = string_after(value, "command:");
    CLEANUP(strings_done) struct strings words = {0};
    uint32_t number = 0;

    if (port && (parse_u32(port, &number) < 0 || number < 1 || number > UINT16_MAX))
        return refuse_ready(value, err);
    if (command && (strings_split_words(&words, command) < 0 || words.count == 0))
        return refuse_ready(value, err);
    if (!port && !command && strcmp(value, "notify") != 0 && strcmp(value, "started") != 0)
        return refuse_ready(value, err);

    spec->notify_ready = strcmp(value, "notify") == 0;
    spec->ready_port = (uint16_t) number;
    strings_clear(&spec->ready_command);
    for (size_t i = 0; i < words.count; i++)
        strings_add(&spec->ready_command, words.item[i]);
    return 0;
}

PARSER(option_restart)
{
    static const char *const names[] = {
        [RESTART_NO] = "no", [RESTART_ON_FAILURE] = "on-failure", [RESTART_ALWAYS] = "always"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(value, names[i]) == 0) {
            spec->restart = (enum restart_mode) i;
            return 0;
        }
    (void) fail_plain(err, EINVAL, "it is no, on-failure or always");
    return refuse(err, "R4062", mem_format("Failed to parse Restart= value: %s", value));
}

PARSER(option_restart_sec)
{
    uint64_t delay_us;

    if (quantity_parse_time(value, 1000000, &delay_us) < 0) {
        (void) fail_plain(err, EINVAL, "a time is a number with us, ms, s, min, h or d, as in 500ms");
        return refuse(err, "R4063", mem_format("Failed to parse RestartSec= value: %s", value));
    }
    spec->restart_delay_us = delay_us;
    return 0;
}
