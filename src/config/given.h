/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * given: for tests: a command line and the text of a .nspawn file, read and applied as a start would.
 *
 *     CLEANUP(given_done) struct given g = {.file = "[Exec]\nHostname=a\n", .trusted = true};
 *     EXPECT_OK(given_apply(&g, WORDS("--hostname=b"), ERR));
 *     EXPECT_STR(g.spec.hostname, "b");
 */
#pragma once

#include <stddef.h>
#include <string.h>

#include "config/options.h"
#include "config/settings.h"
#include "config/spec.h"

struct given {
    const char *file;           /* NULL: none */
    bool trusted;
    struct settings settings;
    struct spec spec;
    enum argv_action action;
};

/* The words of a command line; NULL ends them. */
#define WORDS(...) ((const char *const[]){"redd", __VA_ARGS__ __VA_OPT__(, ) NULL})
#define GIVEN_FILE "/run/systemd/nspawn/given.nspawn"

static inline void given_done(struct given *given)
{
    settings_done(&given->settings);
    spec_done(&given->spec);
}

/* Reads the words only. */
static inline int given_read(struct given *given, const char *const *words, struct error **err)
{
    int argc = 0;

    while (words[argc])
        argc++;
    spec_init(&given->spec);
    return settings_read_argv(&given->settings, argc, (char **) words, &given->action, err);
}

/* Reads words and file, and applies both as --settings= among the words says. */
static inline int given_apply(struct given *given, const char *const *words, struct error **err)
{
    struct spec line;
    enum settings_mode mode = SETTINGS_YES;

    if (given_read(given, words, err) < 0)
        return -error_code(*err);
    spec_init(&line);
    if (settings_apply(&given->settings, SETTINGS_NO, &line, err) == 0)
        mode = line.settings_mode;
    spec_done(&line);
    if (*err)
        return -error_code(*err);
    if (given->file && mode != SETTINGS_NO &&
        settings_parse_file(&given->settings, GIVEN_FILE, given->file, strlen(given->file),
                            given->trusted || mode == SETTINGS_TRUSTED, err) < 0)
        return -error_code(*err);
    return settings_apply(&given->settings, mode, &given->spec, err);
}

/* The same, and on to what it means for a caller with or without privileges. */
static inline int given_resolve(struct given *given, const char *const *words, bool privileged, struct error **err)
{
    if (given_apply(given, words, err) < 0)
        return -error_code(*err);
    return spec_resolve(&given->spec, privileged, err);
}
