/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one front door. Which of its names it was called by decides what it answers to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "cli/verbs.h"

static const struct verb verbs[] = {
    {"run", verb_run, "start a container from a directory tree (as systemd-nspawn does)"},
    {"config", verb_config, "print the effective settings of a container, and where each comes from"},
    {"version", verb_version, "print the version"},
    {"help", verb_help, "print this help"},
};

int verb_help(int argc, char **argv)
{
    (void) argc, (void) argv;
    (void) puts("redd VERB [OPTIONS...]\n\nWhole Linux systems in containers on one host.\n");
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        (void) printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
    (void) puts("\n'redd VERB --help' says more about a verb. See redd(1).");
    return EXIT_SUCCESS;
}

int verb_version(int argc, char **argv)
{
    (void) argc, (void) argv;
    print_version();
    return EXIT_SUCCESS;
}

static int unknown_verb(const char *word)
{
    const char *names[COUNT_OF(verbs)];

    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        names[i] = verbs[i].name;

    const char *nearest = string_nearest(word, names, COUNT_OF(names));
    log_error("redd: unknown verb '%s'", word);
    if (nearest)
        log_error("hint: did you mean 'redd %s'? 'redd help' lists all verbs", nearest);
    else
        log_error("hint: 'redd help' lists all verbs");
    return EXIT_FAILURE;
}

/* machinectl and importctl: their verbs are those of redd, under the same names. */
static int main_redd(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "help";

    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        word = "help";
    if (strcmp(word, "--version") == 0)
        word = "version";
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (strcmp(word, verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    return unknown_verb(word);
}

int main(int argc, char **argv)
{
    const char *name = argc > 0 ? path_last(argv[0]) : "redd";

    log_set_level_from_environment();
    return strcmp(name, "systemd-nspawn") == 0 ? verb_run(argc, argv) : main_redd(argc, argv);
}
