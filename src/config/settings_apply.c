/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who wins where command line and file both speak. Lists are never merged: a side that speaks of a group speaks for
 * the whole group, with three exceptions that have their reason beside them. What an untrusted file was not allowed to
 * say knocks nothing out on the other side.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "config/rlimit_parse.h"
#include "config/settings_list.h"

static bool is_row(const struct assignment *assignment, const char *key)
{
    return assignment->row->key && strcmp(assignment->row->key, key) == 0;
}

/* -1 for what is no limit. */
static int limit_of(const struct assignment *assignment)
{
    static const char prefix[] = "Exec.Limit";

    if (assignment->row->key)
        return rlimit_number(assignment->row->key + sizeof prefix - 1,
                             strlen(assignment->row->key) - sizeof prefix + 1);
    return assignment->value ? rlimit_number(assignment->value, strcspn(assignment->value, "=")) : -EINVAL;
}

/* --private-users and -U say which range, the other rows of their group only what is done with it. */
static bool names_users(const struct assignment *assignment)
{
    return is_row(assignment, "Exec.PrivateUsers") || assignment->row->short_flag == 'U';
}

static bool says_ownership(const struct assignment *assignment)
{
    return is_row(assignment, "Files.PrivateUsersOwnership") || is_row(assignment, "Files.PrivateUsersChown");
}

/* WINNER is of the side that wins, LOSER of the other. */
static bool beats(const struct assignment *winner, const struct assignment *loser, bool file_wins)
{
    enum setting_group group = winner->row->group;

    if (group != loser->row->group)
        return false;
    switch (group) {
    case GROUP_NEVER_IN_FILE:
        return false;
    case GROUP_ALONE:
        return winner->row == loser->row;
    case GROUP_MOUNTS:
    case GROUP_NETWORK:
        return true;
    case GROUP_LIMITS:
        return limit_of(winner) == limit_of(loser);
    case GROUP_START:
        /* a file's words without Boot= or ProcessTwo= do not say how to start, and count for nothing (below) */
        return !file_wins || !is_row(winner, "Exec.Parameters");
    case GROUP_CAPABILITIES:
        /* an overriding file adds to what the command line said: see merge_capabilities() */
        return !file_wins;
    case GROUP_USERS:
        /* a side that names no range must not undo the other side's isolation by speaking of owners */
        return names_users(winner) || winner->row == loser->row || (says_ownership(winner) && says_ownership(loser));
    }
    return false;
}

static bool is_of(const struct assignment *assignment, enum origin_kind origin)
{
    return assignment->origin == origin;
}

static bool says_start_mode(const struct assignment *assignment)
{
    return is_row(assignment, "Exec.Boot") || is_row(assignment, "Exec.ProcessTwo");
}

static bool file_has(const struct settings *settings, bool (*is_it)(const struct assignment *))
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct assignment *item = &settings->item[i];

        if (is_of(item, ORIGIN_FILE) && item->state == ASSIGNMENT_COUNTS && is_it(item))
            return true;
    }
    return false;
}

/* What a file says about something that it does not ask for counts for nothing: Parameters= of a start mode,
 * PrivateUsersDelegate= of private users. */
static bool is_idle(const struct settings *settings, const struct assignment *assignment)
{
    return (is_row(assignment, "Exec.Parameters") && !file_has(settings, says_start_mode)) ||
           (is_row(assignment, "Exec.PrivateUsersDelegate") && !file_has(settings, names_users));
}

static void decide(struct settings *settings, bool file_wins, bool file_counts)
{
    enum origin_kind winning = file_wins ? ORIGIN_FILE : ORIGIN_COMMAND_LINE;

    for (size_t i = 0; i < settings->count; i++) {
        struct assignment *loser = &settings->item[i];

        if (loser->state != ASSIGNMENT_COUNTS)
            continue;
        if (is_of(loser, ORIGIN_FILE) && (!file_counts || is_idle(settings, loser)))
            loser->state = ASSIGNMENT_OVERRIDDEN;
        if (is_of(loser, winning))
            continue;
        for (size_t j = 0; j < settings->count && loser->state == ASSIGNMENT_COUNTS; j++) {
            const struct assignment *winner = &settings->item[j];

            if (is_of(winner, winning) && winner->state == ASSIGNMENT_COUNTS && beats(winner, loser, file_wins))
                loser->state = ASSIGNMENT_OVERRIDDEN;
        }
    }
}

static int apply(const struct settings *settings, enum origin_kind origin, bool capabilities, struct spec *spec,
                 struct error **err)
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct assignment *item = &settings->item[i];

        if (!is_of(item, origin) || item->state != ASSIGNMENT_COUNTS ||
            (item->row->group == GROUP_CAPABILITIES) != capabilities)
            continue;
        if (assignment_parser(item)(spec, item->value, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

/* The file's say on capabilities comes after the command line's: what it adds is added even if dropped there. */
static int merge_capabilities(const struct settings *settings, struct spec *spec, struct error **err)
{
    struct spec file;

    spec_init(&file);
    if (apply(settings, ORIGIN_FILE, true, &file, err) < 0) {
        spec_done(&file);
        return -error_code(*err);
    }
    spec->capabilities_add |= file.capabilities_add;
    spec->capabilities_drop = (spec->capabilities_drop & ~file.capabilities_add) | file.capabilities_drop;
    spec->ambient_capabilities |= file.ambient_capabilities;
    spec_done(&file);
    return 0;
}

int settings_apply(struct settings *settings, enum settings_mode mode, struct spec *spec, struct error **err)
{
    for (size_t i = 0; i < settings->count; i++)
        if (settings->item[i].state == ASSIGNMENT_OVERRIDDEN)
            settings->item[i].state = ASSIGNMENT_COUNTS;
    decide(settings, mode == SETTINGS_OVERRIDE, mode != SETTINGS_NO);

    if (apply(settings, ORIGIN_COMMAND_LINE, true, spec, err) < 0 ||
        apply(settings, ORIGIN_COMMAND_LINE, false, spec, err) < 0 || merge_capabilities(settings, spec, err) < 0 ||
        apply(settings, ORIGIN_FILE, false, spec, err) < 0)
        return -error_code(*err);

    /* -x on the command line asks for a name of its own, whoever wins */
    for (size_t i = 0; i < settings->count; i++)
        if (is_of(&settings->item[i], ORIGIN_COMMAND_LINE) && is_row(&settings->item[i], "Exec.Ephemeral"))
            spec->ephemeral_from_file = false;
    return 0;
}
