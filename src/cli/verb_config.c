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
#include "cli/json.h"
#include "cli/load_spec.h"
#include "cli/report.h"
#include "cli/start_named.h"
#include "cli/verb.h"

static void print_setting(void *data, const char *name, const char *value, const char *origin)
{
    struct json *json = data;

    json_object(json, NULL);
    json_string(json, "setting", name);
    json_string(json, "value", value);
    json_string(json, "origin", origin);
    json_end(json);
}

/* Takes "-o json", "-ojson" or "--json=STYLE" away from the place AT: what else is there is for the container. */
static int take_style(int *argc, char **argv, int at, enum json_style *ret)
{
    const char *word = *argc > at ? argv[at] : "", *json = string_after(word, "--json=");
    int n = json || string_equal(word, "-ojson") || string_equal(word, "--output=json") ? 1
            : string_equal(word, "-o") && *argc > at + 1 && string_equal(argv[at + 1], "json") ? 2 : 0;

    if (n == 0)
        return 0;
    if (json && json_style_parse(json, ret) < 0)
        return -EINVAL;
    if (!json)
        *ret = JSON_SHORT;
    for (int i = at; i + n <= *argc; i++)
        argv[i] = argv[i + n];
    *argc -= n;
    return 0;
}

static int print_config(int argc, char **argv, enum json_style style, struct error **err)
{
    struct json json = {.style = style};
    CLEANUP(settings_done) struct settings settings = {0};
    CLEANUP(spec_done) struct spec spec;
    enum argv_action action;

    spec_init(&spec);
    if (spec_load(argc, argv, &settings, &spec, &action, err) < 0)
        return -error_code(*err);
    if (action != ARGV_RUN)
        return 0;
    if (style == JSON_OFF)
        return settings_explain(&settings, &spec, STDOUT_FILENO, err);
    json_array(&json, NULL);
    settings_visit(&settings, &spec, print_setting, &json);
    json_end(&json);
    json_finish(&json);
    return 0;
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
    enum json_style style = JSON_OFF;
    char machine[] = "--machine";

    if (take_style(&argc, argv, 1, &style) < 0 || take_style(&argc, argv, 2, &style) < 0) {
        (void) fail_plain(&err, EINVAL, "Unknown JSON output mode");
        fail_id(err, "R1017");
        fail_hint(err, "the modes are: short, pretty, off and auto");
        return report("redd config", err);
    }

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

    int r = print_config(n, words, style, &err);
    free(words);
    return r < 0 ? report("redd config", err) : EXIT_SUCCESS;
}
