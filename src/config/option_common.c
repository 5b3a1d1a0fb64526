/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options about the program itself and its place among the host's services. */
#include <errno.h>
#include <string.h>

#include "config/modes.h"
#include "config/option_parsers.h"

int switch_parse(const char *value, bool *ret, struct error **err)
{
    int truth = value ? parse_boolean(value) : 1;

    if (truth < 0)
        return fail_plain(err, EINVAL, "'%s' is neither yes nor no", value);
    *ret = truth;
    return 0;
}

int boolean_parse(const char *flag, const char *value, bool *ret, struct error **err)
{
    if (switch_parse(value, ret, err) == 0)
        return 0;
    return refuse(err, "R1101", mem_format("Failed to parse boolean argument to '--%s=': %s", flag, value));
}

int path_set(char **field, const char *value, struct error **err)
{
    auto_free char *path = NULL;

    if (*value && path_make_absolute(value, &path, err) < 0)
        return -error_code(*err);
    free(*field);
    *field = TAKE(path);
    return 0;
}

DEFINE_SWITCH(option_quiet, quiet)
DEFINE_SWITCH(option_no_pager, no_pager)
DEFINE_SWITCH(option_no_ask_password, no_ask_password)
DEFINE_SWITCH(option_cleanup, cleanup)
DEFINE_SWITCH(option_explain, explain)
DEFINE_SWITCH(option_keep_unit, keep_unit)

PARSER(option_settings)
{
    if (settings_mode_parse(value, &spec->settings_mode, err) < 0)
        return refuse(err, "R1103", mem_format("Failed to parse --settings= argument: %s", value));
    return 0;
}

static int scope_set(struct spec *spec, bool user)
{
    spec->user_scope = user;
    spec->scope_given = true;
    return 0;
}

PARSER(option_user)
{
    (void) value, NOTHING_FAILS;
    return scope_set(spec, true);
}

PARSER(option_system)
{
    (void) value, NOTHING_FAILS;
    return scope_set(spec, false);
}

/* It left out namespaces, with names that changed from version to version; to run on, isolated, would be no answer. */
PARSER(option_share_system)
{
    (void) spec, (void) value;
    (void) fail_plain(err, ENOTSUP, "--share-system is not supported: a container always has namespaces of its own");
    fail_hint(*err, "leave it out; --bind= hands in files, and without --private-network the host's network is shared");
    fail_id(*err, "R1005");
    return -ENOTSUP;
}

PARSER(option_register)
{
    int truth = parse_boolean(value);

    if (truth >= 0)
        spec->register_machine = truth ? TRI_YES : TRI_NO;
    else if (!*value || strcmp(value, "auto") == 0)
        spec->register_machine = TRI_AUTO;
    else {
        (void) fail_plain(err, EINVAL, "the values are: yes, no, auto");
        return refuse(err, "R1102", mem_format("Failed to parse tristate argument to '--register=': %s", value));
    }
    return 0;
}

/* As unit names: letters, digits and a few others; a slash would be a path. */
static bool slice_is_valid(const char *name)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@";

    return *name && strspn(name, allowed) == strlen(name) && strlen(name) < 256;
}

PARSER(option_slice)
{
    auto_free char *name = mem_format("%s%s", value, string_ends(value, ".slice") ? "" : ".slice");

    if (!*value || !slice_is_valid(name)) {
        (void) fail_plain(err, EINVAL,
                          "a slice is named like a unit: letters, digits, ':', '-', '_', '.', '\\' and '@'");
        return refuse(err, "R1104", mem_format("Invalid slice name: %s", value));
    }
    free(spec->slice);
    spec->slice = TAKE(name);
    return 0;
}

PARSER(option_property)
{
    if (!strchr(value, '=') || *value == '=') {
        (void) fail_plain(err, EINVAL, "a property is NAME=VALUE, as in MemoryMax=1G");
        return refuse(err, "R1105", mem_format("Unknown assignment: %s", value));
    }
    strings_add(&spec->properties, value);
    return 0;
}
