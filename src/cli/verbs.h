/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verbs: what redd can be told to do. argv[0] is the verb itself. Each returns the exit status of the program. */
#pragma once

struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

int verb_run(int argc, char **argv);            /* verb_run.c */
int verb_config(int argc, char **argv);         /* verb_config.c */
int verb_help(int argc, char **argv);           /* redd_main.c */
int verb_version(int argc, char **argv);

void print_version(void);                       /* version.c */
