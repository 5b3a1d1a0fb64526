/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a machine's state. Where it is kept, and who may read it, is registry.c's. */
#include "machine/state.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/strings.h"

/* Grows when a key gets another meaning; a new key needs no new number. */
#define STATE_VERSION 1

enum type { TEXT, ID, NUMBER32, NUMBER64, NUMBER32_ALWAYS, NETIF };

#define AT(member) offsetof(struct machine_state, member)

/* In the order in which they are written. */
/* clang-format off */
static const struct field {
    const char *key;
    enum type type;
    size_t offset;
} fields[] = {
    {"NAME",                TEXT,            AT(name)},
    {"UID",                 NUMBER32_ALWAYS, AT(uid)},
    {"SCOPE",               TEXT,            AT(unit)},
    {"SERVICE",             TEXT,            AT(service)},
    {"ROOT",                TEXT,            AT(root)},
    {"ID",                  ID,              AT(id)},
    {"LEADER",              NUMBER32,        AT(leader)},
    {"LEADER_PIDFDID",      NUMBER64,        AT(leader_pidfd_id)},
    {"SUPERVISOR",          NUMBER32,        AT(supervisor)},
    {"SUPERVISOR_PIDFDID",  NUMBER64,        AT(supervisor_pidfd_id)},
    {"CLASS",               TEXT,            AT(class)},
    {"REALTIME",            NUMBER64,        AT(realtime_us)},
    {"MONOTONIC",           NUMBER64,        AT(monotonic_us)},
    {"NETIF",               NETIF,           0},
    {"CGROUP",              TEXT,            AT(cgroup)},
    {"REDD_CONFINEMENT",    TEXT,            AT(confinement)},
    {"REDD_NETWORK",        TEXT,            AT(network)},
};
/* clang-format on */

void machine_state_done(struct machine_state *state)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (fields[i].type == TEXT)
            free(*(char **) ((char *) state + fields[i].offset));
    free(state->netif);
    *state = (struct machine_state){0};
}

void machine_state_stamp(struct machine_state *state)
{
    state->realtime_us = clock_realtime_us();
    state->monotonic_us = (uint64_t) clock_us();
}

/* -- writing -- */

/* Quotes as a shell would want it, which is how readers of this file undo it. */
static char *quote(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:@%+,=";

    if (text[strspn(text, plain)] == '\0')
        return mem_copy_string(text);

    char *quoted = mem_alloc(2 * strlen(text) + 3), *out = quoted;
    *out++ = '"';
    for (; *text; text++) {
        if (strchr("\"\\$`", *text))
            *out++ = '\\';
        *out++ = *text;
    }
    *out = '"';
    return quoted;
}

static char *format_netif(const struct machine_state *state)
{
    char *text = mem_alloc(state->n_netif * 12 + 3), *out = text;

    *out++ = '"';
    for (size_t i = 0; i < state->n_netif; i++)
        out += snprintf(out, 12, " %u", state->netif[i]);
    *out = '"';
    return text;
}

/* The value of FIELD, or NULL where there is none to write. */
static char *format_field(const struct machine_state *state, const struct field *field)
{
    const void *at = (const char *) state + field->offset;
    char id[33];

    switch (field->type) {
    case TEXT: {
        const char *text = *(char *const *) at;

        return text && *text ? quote(text) : NULL;
    }
    case ID:
        id128_format_plain(state->id, id);
        return id128_is_null(state->id) ? NULL : mem_copy_string(id);
    case NUMBER32:
    case NUMBER32_ALWAYS: {
        uint32_t number = *(const uint32_t *) at;

        return number || field->type == NUMBER32_ALWAYS ? mem_format("%u", number) : NULL;
    }
    case NUMBER64: {
        uint64_t number = *(const uint64_t *) at;

        return number ? mem_format("%llu", (unsigned long long) number) : NULL;
    }
    case NETIF:
        return state->n_netif ? format_netif(state) : NULL;
    }
    return NULL;
}

char *machine_state_format(const struct machine_state *state)
{
    CLEANUP(strings_done) struct strings lines = {0};
    size_t size = 0;

    strings_add_format(&lines, "# This is private data. Do not parse.\nREDD_STATE=%d\n", STATE_VERSION);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        auto_free char *value = format_field(state, &fields[i]);

        if (value)
            strings_add_format(&lines, "%s=%s\n", fields[i].key, value);
    }

    for (size_t i = 0; i < lines.count; i++)
        size += strlen(lines.item[i]);
    char *text = mem_alloc(size + 1), *out = text;
    for (size_t i = 0; i < lines.count; i++) {
        memcpy(out, lines.item[i], strlen(lines.item[i]));
        out += strlen(lines.item[i]);
    }
    return text;
}

/* -- reading -- */

/* Undoes the quoting of the value at *AT into OUT and leaves *AT behind the line. A quoted value may span lines. */
static int read_value(const char **at, char *out)
{
    const char *p = *at;
    bool quoted = *p == '"';

    if (quoted)
        p++;
    for (; *p && *p != (quoted ? '"' : '\n'); p++) {
        if (quoted && *p == '\\' && p[1])
            p++;
        *out++ = *p;
    }
    *out = '\0';
    if (quoted && *p++ != '"')
        return -EINVAL;
    if (*p && *p != '\n')
        return -EINVAL;
    *at = *p ? p + 1 : p;
    return 0;
}

static int read_netif(struct machine_state *state, const char *value)
{
    CLEANUP(strings_done) struct strings words = {0};

    strings_split(&words, value, " ");
    free(state->netif);
    state->netif = mem_alloc(words.count * sizeof *state->netif);
    state->n_netif = 0;
    for (size_t i = 0; i < words.count; i++) {
        int r = parse_u32(words.item[i], &state->netif[i]);
        if (r < 0)
            return r;
        state->n_netif++;
    }
    return 0;
}

static int read_field(struct machine_state *state, const struct field *field, const char *value)
{
    void *at = (char *) state + field->offset;

    switch (field->type) {
    case TEXT:
        free(*(char **) at);
        *(char **) at = mem_copy_string(value);
        return 0;
    case ID:
        return id128_parse(value, at);
    case NUMBER32:
    case NUMBER32_ALWAYS:
        return parse_u32(value, at);
    case NUMBER64:
        return parse_u64(value, at);
    case NETIF:
        return read_netif(state, value);
    }
    return -EINVAL;
}

static int read_assignment(struct machine_state *state, const char *key, size_t length, const char *value,
                           struct error **err)
{
    uint32_t version;

    if (length == strlen("REDD_STATE") && memcmp(key, "REDD_STATE", length) == 0) {
        if (parse_u32(value, &version) == 0 && version <= STATE_VERSION)
            return 0;
        return fail_plain(err, EPROTONOSUPPORT, "the state was written by a newer redd, as version %s", value);
    }
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (strlen(fields[i].key) == length && memcmp(fields[i].key, key, length) == 0 &&
            read_field(state, &fields[i], value) < 0)
            return fail_plain(err, EINVAL, "'%s' is not a value for %s", value, fields[i].key);
    return 0;
}

int machine_state_parse(const char *text, struct machine_state *ret, struct error **err)
{
    CLEANUP(machine_state_done) struct machine_state state = {0};
    auto_free char *value = mem_alloc(strlen(text) + 1);

    while (*text) {
        size_t line = (size_t) (strchrnul(text, '\n') - text), key = 0;

        while (key < line && text[key] != '=')
            key++;
        if (line == 0 || *text == '#') {
            text += line + (text[line] == '\n');
            continue;
        }
        const char *at = text + key + 1;
        if (key == line || read_value(&at, value) < 0)
            return fail_plain(err, EINVAL, "'%.*s' is not an assignment", (int) (line < 200 ? line : 200), text);
        if (read_assignment(&state, text, key, value, err) < 0)
            return -error_code(*err);
        text = at;
    }
    *ret = state;
    state = (struct machine_state){0};
    return 0;
}
