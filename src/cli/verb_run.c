/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd run (= systemd-nspawn): words in, one container, its exit status out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/background.h"
#include "cli/load_spec.h"
#include "cli/report.h"
#include "cli/run_host.h"
#include "cli/terminal_width.h"
#include "cli/verb.h"
#include "config/options.h"
#include "runtime/run.h"

/* TITLE is where the program's own argv begins: as a verb, "run" is its second word. */
static int run(const char *program, int argc, char **argv, char **title, struct error **err)
{
    CLEANUP(settings_done) struct settings settings = {0};
    CLEANUP(spec_done) struct spec spec;
    enum argv_action action;
    int status = EXIT_FAILURE;

    spec_init(&spec);   /* for spec_done(), whatever happens */
    struct background background;
    background_init(&background, argc, argv);
    if (spec_load(argc, argv, &settings, &spec, &action, err) < 0) {
        background_failed(&background, *err);
        return report(program, *err);
    }
    switch (action) {
    case ARGV_HELP:
        return options_print_help(STDOUT_FILENO, program, terminal_width(STDOUT_FILENO)) < 0 ? EXIT_FAILURE
                                                                                             : EXIT_SUCCESS;
    case ARGV_VERSION:
        print_version();
        return EXIT_SUCCESS;
    case ARGV_VALUES:
        return option_print_values(STDOUT_FILENO, settings.item[settings.count - 1].row) < 0 ? EXIT_FAILURE
                                                                                             : EXIT_SUCCESS;
    case ARGV_RUN:
        break;
    }
    if (spec.explain)
        return plan_explain(&spec, STDOUT_FILENO) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

    struct run_host_state state;
    const struct run_host host = run_host_of(&state, &background, title, argc + (int) (argv - title));

    if (spec.cleanup)
        background_died(spec.machine);
    int r = spec.cleanup ? container_cleanup(&spec, &host, err) : container_run(&spec, &host, &status, err);

    if (r < 0)
        background_failed(&background, *err);
    return r < 0 ? report(program, *err) : spec.cleanup ? EXIT_SUCCESS : status;
}

int verb_run(int argc, char **argv)
{
    auto_error struct error *err = NULL;
    bool compatible = strcmp(path_last(argv[0]), "systemd-nspawn") == 0;

    return run(compatible ? "systemd-nspawn" : "redd run", argc, argv, compatible ? argv : argv - 1, &err);
}
