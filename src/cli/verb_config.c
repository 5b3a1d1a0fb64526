/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * redd config NAME | -D DIR [OPTIONS...]: what a run with these words would do, and where each setting comes from.
 * redd config --both NAME [OPTIONS...]: what differs between running it by hand and starting it by name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strings.h"
#include "cli/load_spec.h"
#include "cli/report.h"
#include "cli/start_named.h"
#include "cli/verb.h"

static int print_config(int argc, char **argv, struct error **err)
{
    CLEANUP(settings_done) struct settings settings = {0};
    CLEANUP(spec_done) struct spec spec;
    enum argv_action action;

    spec_init(&spec);
    if (spec_load(argc, argv, &settings, &spec, &action, err) < 0)
        return -error_code(*err);
    return action == ARGV_RUN ? settings_explain(&settings, &spec, STDOUT_FILENO, err) : 0;
}

struct way {
    struct strings words;       /* which the others point into */
    struct settings settings;
    struct spec spec;
};

static int way_load(struct way *way, size_t n_more, char **more, struct error **err)
{
    enum argv_action action;

    for (size_t i = 0; i < n_more; i++)
        strings_add(&way->words, more[i]);
    return spec_load((int) way->words.count, way->words.item, &way->settings, &way->spec, &action, err);
}

static void way_done(struct way *way)
{
    spec_done(&way->spec);
    settings_done(&way->settings);
    strings_done(&way->words);
}

/* What `redd run` and `redd start` would do with the machine NAME, as far as that differs; MORE are further options. */
static int print_both(const char *name, size_t n_more, char **more, struct error **err)
{
    CLEANUP(way_done) struct way run = {0};
    CLEANUP(way_done) struct way start = {0};

    spec_init(&run.spec);
    spec_init(&start.spec);
    strings_add(&run.words, "run");
    strings_add_format(&run.words, "--machine=%s", name);
    start_words(&start.words, name);
    if (way_load(&run, n_more, more, err) < 0 || way_load(&start, n_more, more, err) < 0)
        return -error_code(*err);

    const struct settings_side sides[2] = {
        {"redd run", &run.settings, &run.spec},
        {"redd start", &start.settings, &start.spec},
    };
    return settings_compare(sides, STDOUT_FILENO, err);
}

int verb_config(int argc, char **argv)
{
    auto_error struct error *err = NULL;
    char machine[] = "--machine";

    if (argc > 1 && strcmp(argv[1], "--both") == 0 && (argc == 2 || argv[2][0] == '-')) {
        (void) fail_plain(&err, EINVAL, "--both wants the name of a machine");
        fail_hint(err, "as in: redd config --both NAME [OPTION...]");
        return report("redd config", err);
    }
    if (argc > 2 && strcmp(argv[1], "--both") == 0)
        return print_both(argv[2], (size_t) argc - 3, argv + 3, &err) < 0 ? report("redd config", err) : EXIT_SUCCESS;

    char **words = mem_alloc((size_t) (argc + 2) * sizeof *words);
    int n = 0;

    /* a bare first word is a machine's name, as for every other verb */
    words[n++] = argv[0];
    if (argc > 1 && argv[1][0] != '-')
        words[n++] = machine;
    for (int i = 1; i < argc; i++)
        words[n++] = argv[i];

    int r = print_config(n, words, &err);
    free(words);
    return r < 0 ? report("redd config", err) : EXIT_SUCCESS;
}
