/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of TOML that such files are written in: tables, strings in either quotes, booleans, comments. What is not
 * known is passed over, lists of several lines included. */
#include "transfer/registry_places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"

#define FILE_MAX (1024u * 1024)

struct registry_rule {
    char *prefix, *location;
    bool insecure, blocked;
    struct registry_places mirrors;     /* their locations */
};

void registry_places_done(struct registry_places *places)
{
    for (size_t i = 0; i < places->count; i++)
        free(places->item[i].place);
    free(places->item);
    *places = (struct registry_places){0};
}

void registry_rules_done(struct registry_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->item[i].prefix);
        free(rules->item[i].location);
        registry_places_done(&rules->item[i].mirrors);
    }
    free(rules->item);
    *rules = (struct registry_rules){0};
}

static void add_place(struct registry_places *places, char *place, bool insecure)
{
    MEM_GROW(places->item, places->count);
    places->item[places->count++] = (struct registry_place){.place = place, .insecure = insecure};
}

/* -- the text -- */

enum table { TABLE_OTHER, TABLE_REGISTRY, TABLE_MIRROR };

static void begin_table(struct registry_rules *rules, const char *line, enum table *table)
{
    *table = TABLE_OTHER;
    if (string_starts(line, "[[registry]]")) {
        MEM_GROW(rules->item, rules->count);
        rules->item[rules->count++] = (struct registry_rule){0};
        *table = TABLE_REGISTRY;
    } else if (string_starts(line, "[[registry.mirror]]") && rules->count > 0) {
        add_place(&rules->item[rules->count - 1].mirrors, NULL, false);
        *table = TABLE_MIRROR;
    }
}

/* A string in quotes. Gives; NULL: it is none. */
static char *string_value(const char *text)
{
    const char *end = *text == '"' || *text == '\'' ? strchr(text + 1, *text) : NULL;

    return end ? mem_copy_bytes(text + 1, (size_t) (end - text - 1)) : NULL;
}

static void replace(char **value, char *by)
{
    free(*value);
    *value = by;
}

static bool set(struct registry_rule *rule, enum table table, const char *key, const char *text)
{
    struct registry_place *mirror = table == TABLE_MIRROR ? &rule->mirrors.item[rule->mirrors.count - 1] : NULL;
    bool *flag = strcmp(key, "insecure") == 0 ? (mirror ? &mirror->insecure : &rule->insecure)
                 : strcmp(key, "blocked") == 0 && !mirror ? &rule->blocked
                                                          : NULL;
    char **place = strcmp(key, "location") == 0 ? (mirror ? &mirror->place : &rule->location)
                   : strcmp(key, "prefix") == 0 && !mirror ? &rule->prefix
                                                           : NULL;

    if (flag) {
        *flag = string_starts(text, "true");
        return *flag || string_starts(text, "false");
    }
    if (!place)
        return true;
    replace(place, string_value(text));
    return *place && **place && string_is_printable(*place);
}

int registry_rules_parse(const char *text, const char *file, struct registry_rules *ret, struct error **err)
{
    enum table table = TABLE_OTHER;
    size_t number = 0;

    while (*text) {
        size_t size = strcspn(text, "\n");
        auto_free char *copy = mem_copy_bytes(text, size);
        char *line = string_trim(copy), *equals = strchr(line, '=');

        number++;
        text += size + (text[size] == '\n');
        if (*line == '[')
            begin_table(ret, line, &table);
        if (*line == '[' || *line == '#' || !equals || table == TABLE_OTHER)
            continue;
        *equals = '\0';
        if (set(&ret->item[ret->count - 1], table, string_trim(line), string_trim(equals + 1)))
            continue;
        fail_plain(err, EINVAL, "cannot read %s: line %zu is neither KEY = \"TEXT\" nor KEY = true", file, number);
        fail_id(*err, "R5192");
        return -EINVAL;
    }
    return 0;
}

/* -- the rules -- */

/* How much of PLACE the rule is about. "*.HOST" is about all hosts below it. */
static size_t rule_fits(const struct registry_rule *rule, const char *place)
{
    const char *prefix = rule->prefix ? rule->prefix : rule->location;
    size_t size = prefix ? strlen(prefix) : 0, host = strcspn(place, "/");

    if (size > 2 && strncmp(prefix, "*.", 2) == 0)
        return host >= size && strncmp(place + host - (size - 1), prefix + 1, size - 1) == 0 ? host : 0;
    return size > 0 && strncmp(place, prefix, size) == 0 && strchr("/", place[size]) ? size : 0;
}

int registry_rules_apply(const struct registry_rules *rules, const char *place, struct registry_places *ret,
                         struct error **err)
{
    const struct registry_rule *rule = NULL;
    size_t best = 0;

    for (size_t i = 0; i < rules->count; i++) {
        size_t size = rule_fits(&rules->item[i], place);

        /* a later file is about the same thing: it wins */
        if (size > 0 && size >= best) {
            best = size;
            rule = &rules->item[i];
        }
    }
    if (rule && rule->blocked) {
        fail_plain(err, EACCES, "images of '%.*s' are blocked here", (int) best, place);
        fail_id(*err, "R5193");
        fail_hint(*err, "a [[registry]] of /etc/containers/registries.conf or registries.conf.d says so");
        return -EACCES;
    }
    for (size_t i = 0; rule && i < rule->mirrors.count; i++)
        if (rule->mirrors.item[i].place)
            add_place(ret, mem_format("%s%s", rule->mirrors.item[i].place, place + best),
                      rule->mirrors.item[i].insecure);
    if (rule && rule->location)
        add_place(ret, mem_format("%s%s", rule->location, place + best), rule->insecure);
    else
        add_place(ret, mem_copy_string(place), rule && rule->insecure);
    return 0;
}

/* -- the files -- */

static int read_file(const char *path, struct registry_rules *rules, struct error **err)
{
    auto_free char *text = NULL;
    int r = file_read_quiet(AT_FDCWD, path, FILE_MAX, &text);

    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    if (r == 0)
        return registry_rules_parse(text, path, rules, err);
    fail(err, -r, "cannot read %s", path);
    fail_id(*err, "R5192");
    return r;
}

static int read_folder(const char *folder, struct registry_rules *rules, struct error **err)
{
    CLEANUP(strings_done) struct strings names = {0};
    DIR *dir = opendir(folder);
    const struct dirent *item;

    while (dir && (item = readdir(dir)))
        if (item->d_name[0] != '.' && string_ends(item->d_name, ".conf"))
            strings_add(&names, item->d_name);
    if (dir)
        (void) closedir(dir);
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        auto_free char *path = path_join(folder, names.item[i]);

        if (read_file(path, rules, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

static int read_all(const char *folder, struct registry_rules *rules, struct error **err)
{
    auto_free char *file = path_join(folder, "registries.conf"), *more = path_join(folder, "registries.conf.d");

    return read_file(file, rules, err) < 0 ? -error_code(*err) : read_folder(more, rules, err);
}

int registry_places_find(const char *place, struct registry_places *ret, struct error **err)
{
    CLEANUP(registry_rules_done) struct registry_rules rules = {0};
    const char *named = getenv("CONTAINERS_REGISTRIES_CONF"), *home = getenv("HOME");
    auto_free char *own = home && path_is_absolute(home) ? path_join(home, ".config/containers") : NULL;
    int r;

    if (named && *named)
        r = read_file(named, &rules, err);
    else {
        r = read_all("/etc/containers", &rules, err);
        if (r == 0 && own)
            r = read_all(own, &rules, err);
    }
    return r < 0 ? r : registry_rules_apply(&rules, place, ret, err);
}
