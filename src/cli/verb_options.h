/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verb_options: the options of all verbs but those that start containers, from one table.
 *
 * To add one: a field here and a row in verb_options.c; verbs of redd's that take it name it in verb_table.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "cli/json.h"

enum program { PROGRAM_REDD = 1 << 0, PROGRAM_MACHINECTL = 1 << 1, PROGRAM_IMPORTCTL = 1 << 2 };
enum { PROGRAM_ALL = PROGRAM_REDD | PROGRAM_MACHINECTL | PROGRAM_IMPORTCTL };

struct verb;

/* Strings are borrowed from argv and NULL where nothing was said; so are the elements' texts copied into lists. */
struct verb_options {
    bool help, version;

    /* how to print */
    bool all, full, quiet, value_only;
    bool no_legend, no_pager;
    enum json_style json;       /* also by -o json */
    const char *output;         /* of journal lines: "short" */
    unsigned lines;             /* -n; 10 */
    bool lines_given;
    unsigned max_addresses;     /* UINT_MAX: all */
    bool max_addresses_given;
    struct strings mirrors;
    struct strings properties;  /* -p, each may be several with commas */
    bool follow;

    /* whom and where */
    const char *host, *machine, *uid;
    bool user_scope;
    const char *class;          /* "machine", …: the class of images */

    /* how to act */
    bool read_only, mkdir, force, now, no_ask_password, purge, dry_run, runtime, wait, tty;
    const char *kill_whom;      /* "all", "leader", "supervisor" */
    int signal;
    struct strings environment; /* -E */
    const char *runner;         /* "nspawn" or "vmspawn" */
    const char *chdir;
    const char *wait_for;       /* --for= */
    const char *keep;           /* --keep= */
    uint64_t timeout_us;        /* UINT64_MAX: not given */

    /* transfers */
    const char *verify, *format, *platform, *server, *lock_file, *key, *since;
    bool locked;
    int keep_download;          /* -1: not given */
};

/* What one reading gave. Only verb_options_read() and verb_options_done() touch it. */
struct verb_words {
    struct verb_options options;
    struct strings passed;      /* the options as they were said, but for -H and -M: what is handed on with those */
    int argc;                   /* positional words, the verb first */
    char **argv;
};

/* Reads the words behind argv[0]. -EINVAL with the sentence getopt_long(3) would say. Which options a verb of redd's
 * takes is looked at here too. */
int verb_options_read(enum program program, int argc, char **argv, struct verb_words *ret, struct error **err);
void verb_words_done(struct verb_words *words);

/* Prints a line for each option of PROGRAM, or of VERB. */
void verb_options_print_help(enum program program, const struct verb *verb);
