/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd config NAME | -D DIR [OPTIONS...]: what a run with these words would do, and where each setting comes from. */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/load_spec.h"
#include "cli/report.h"
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

int verb_config(int argc, char **argv)
{
    auto_error struct error *err = NULL;
    char machine[] = "--machine";
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
