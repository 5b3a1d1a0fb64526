/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line of text: a word for each thing that differs from what spec_init() says, and one for the capabilities. */
#include "inside/confinement.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

static void add_names(struct strings *words, const char *key, const struct strings *names)
{
    for (size_t i = 0; i < names->count; i++)
        strings_add_format(words, "%s:%s", key, names->item[i]);
}

static void add_resources(struct strings *words, const struct spec *spec)
{
    for (size_t i = 0; i < RESOURCE_LIMITS; i++)
        if (spec->limits[i].set)
            strings_add_format(words, "limit:%zu=%" PRIu64 "=%" PRIu64, i, (uint64_t) spec->limits[i].value.rlim_cur,
                               (uint64_t) spec->limits[i].value.rlim_max);
    if (spec->oom_score_given)
        strings_add_format(words, "oom:%d", spec->oom_score_adjust);
    for (size_t cpu = 0; spec->affinity_given && cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &spec->affinity))
            strings_add_format(words, "cpu:%zu", cpu);
    if (spec->personality != ULONG_MAX)
        strings_add_format(words, "personality:%lu", spec->personality);
}

char *confinement_format(const struct spec *spec)
{
    CLEANUP(strings_done) struct strings words = {0};
    size_t size = 1;

    strings_add_format(&words, "cap:%" PRIx64, spec->capabilities);
    if (spec->userns != USERNS_NO)
        strings_add(&words, "userns");
    if (spec->no_new_privileges)
        strings_add(&words, "no-new-privileges");
    if (!spec->seccomp)
        strings_add(&words, "no-filter");
    if (spec->seccomp_log)
        strings_add(&words, "log");
    if (spec->suppress_sync)
        strings_add(&words, "suppress-sync");
    add_names(&words, "allow", &spec->syscalls_allowed);
    add_names(&words, "deny", &spec->syscalls_denied);
    if (spec->families_given)
        strings_add(&words, spec->families_deny ? "families:deny" : "families:allow");
    for (size_t i = 0; i < spec->n_families; i++)
        strings_add_format(&words, "family:%d", spec->families[i]);
    add_resources(&words, spec);

    for (size_t i = 0; i < words.count; i++)
        size += strlen(words.item[i]) + 1;
    char *text = mem_alloc(size), *end = text;
    for (size_t i = 0; i < words.count; i++)
        end += sprintf(end, "%s%s", i > 0 ? " " : "", words.item[i]);
    return text;
}

/* -- reading: one function a word -- */

static int read_capabilities(struct spec *spec, const char *value)
{
    char *end;

    if (!*value || value[strspn(value, "0123456789abcdef")] || strlen(value) > 16)
        return -EINVAL;
    spec->capabilities = strtoull(value, &end, 16);
    return 0;
}

static int read_userns(struct spec *spec, const char *value)
{
    (void) value;
    spec->userns = USERNS_FIXED;
    return 0;
}

static int read_no_new_privileges(struct spec *spec, const char *value)
{
    (void) value;
    spec->no_new_privileges = true;
    return 0;
}

static int read_no_filter(struct spec *spec, const char *value)
{
    (void) value;
    spec->seccomp = false;
    return 0;
}

static int read_log(struct spec *spec, const char *value)
{
    (void) value;
    spec->seccomp_log = true;
    return 0;
}

static int read_suppress_sync(struct spec *spec, const char *value)
{
    (void) value;
    spec->suppress_sync = true;
    return 0;
}

static int read_allow(struct spec *spec, const char *value)
{
    strings_add(&spec->syscalls_allowed, value);
    return 0;
}

static int read_deny(struct spec *spec, const char *value)
{
    strings_add(&spec->syscalls_denied, value);
    return 0;
}

static int read_families(struct spec *spec, const char *value)
{
    spec->families_given = true;
    spec->families_deny = strcmp(value, "deny") == 0;
    return spec->families_deny || strcmp(value, "allow") == 0 ? 0 : -EINVAL;
}

static int read_family(struct spec *spec, const char *value)
{
    uint32_t family;

    if (parse_u32(value, &family) < 0 || family > INT_MAX)
        return -EINVAL;
    MEM_GROW(spec->families, spec->n_families);
    spec->families[spec->n_families++] = (int) family;
    return 0;
}

static int read_limit(struct spec *spec, const char *value)
{
    CLEANUP(strings_done) struct strings parts = {0};
    uint64_t soft, hard;
    uint32_t resource;

    strings_split(&parts, value, "=");
    if (parts.count != 3 || parse_u32(parts.item[0], &resource) < 0 || resource >= RESOURCE_LIMITS ||
        parse_u64(parts.item[1], &soft) < 0 || parse_u64(parts.item[2], &hard) < 0)
        return -EINVAL;
    spec->limits[resource] = (struct resource_limit){.set = true, .value = {(rlim_t) soft, (rlim_t) hard}};
    return 0;
}

static int read_oom(struct spec *spec, const char *value)
{
    spec->oom_score_given = true;
    return parse_i32(value, &spec->oom_score_adjust) < 0 ? -EINVAL : 0;
}

static int read_cpu(struct spec *spec, const char *value)
{
    uint32_t cpu;

    if (parse_u32(value, &cpu) < 0 || cpu >= CPU_SETSIZE)
        return -EINVAL;
    if (!spec->affinity_given)
        CPU_ZERO(&spec->affinity);
    spec->affinity_given = true;
    CPU_SET(cpu, &spec->affinity);
    return 0;
}

static int read_personality(struct spec *spec, const char *value)
{
    uint64_t personality;

    if (parse_u64(value, &personality) < 0 || personality > ULONG_MAX)
        return -EINVAL;
    spec->personality = (unsigned long) personality;
    return 0;
}

/* clang-format off */
static const struct {
    const char *key;
    bool has_value;
    int (*read)(struct spec *spec, const char *value);
} keys[] = {
    {"cap",               true,  read_capabilities},
    {"userns",            false, read_userns},
    {"no-new-privileges", false, read_no_new_privileges},
    {"no-filter",         false, read_no_filter},
    {"log",               false, read_log},
    {"suppress-sync",     false, read_suppress_sync},
    {"allow",             true,  read_allow},
    {"deny",              true,  read_deny},
    {"families",          true,  read_families},
    {"family",            true,  read_family},
    {"limit",             true,  read_limit},
    {"oom",               true,  read_oom},
    {"cpu",               true,  read_cpu},
    {"personality",       true,  read_personality},
};
/* clang-format on */

static int read_word(struct spec *spec, const char *word)
{
    size_t length = strcspn(word, ":");

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (strlen(keys[i].key) == length && memcmp(keys[i].key, word, length) == 0) {
            if (keys[i].has_value != (word[length] == ':'))
                return -EINVAL;
            return keys[i].read(spec, word[length] ? word + length + 1 : "");
        }
    return -EPROTONOSUPPORT;
}

int confinement_parse(const char *text, struct spec *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings words = {0};

    strings_split(&words, text, " ");
    if (words.count == 0 || !string_starts(words.item[0], "cap:"))
        return fail(err, EINVAL, "it is not known what the machine's processes may do");
    for (size_t i = 0; i < words.count; i++) {
        int r = read_word(ret, words.item[i]);

        if (r < 0)
            return fail(err, -r, "what the machine's processes may do cannot be read at '%s'", words.item[i]);
    }
    return 0;
}
