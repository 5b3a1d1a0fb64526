/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * options: the table of every option of `redd run` (= systemd-nspawn): one row each.
 *
 * Argument parsing, .nspawn parsing, --help, completions and the check of the manual page all come from here. To add
 * an option: one row, one parse function if its type is new, one field in struct spec, one paragraph in the manual.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/spec.h"

/* Options of one group are won or lost together when a file and the command line both speak (settings.h). */
enum setting_group {
    GROUP_ALONE,                /* this row is a group of its own */
    GROUP_START,                /* Boot, ProcessTwo, Parameters */
    GROUP_MOUNTS,
    GROUP_NETWORK,
    GROUP_USERS,
    GROUP_CAPABILITIES,
    GROUP_NEVER_IN_FILE,
};

enum option_argument { ARGUMENT_NONE, ARGUMENT_REQUIRED, ARGUMENT_OPTIONAL };

/* What an untrusted .nspawn file may do with this row. */
enum trust { TRUST_ANY_FILE, TRUST_PRIVILEGED };

typedef int option_parse_fn(struct spec *spec, const char *value, struct error **err);

struct option_row {
    const char *flag;           /* "directory"; NULL: only a file key */
    char short_flag;            /* 'D' or 0 */
    enum option_argument argument;
    const char *argument_name;  /* "PATH", for help */
    const char *key;            /* "Exec.Boot"; NULL: no file key */
    enum setting_group group;
    enum trust trust;
    const char *untrusted_message;      /* the reference's words when an untrusted file sets it; NULL: made from the key */
    option_parse_fn *parse;
    option_parse_fn *parse_key; /* when the file's syntax differs; NULL: the same */
    const char *section;        /* heading of --help; NULL: hidden */
    const char *help;
};

extern const struct option_row option_rows[];
extern const size_t n_option_rows;

const struct option_row *option_by_flag(const char *flag, size_t length);
const struct option_row *option_by_short(char flag);
const struct option_row *option_by_key(const char *section, const char *key);

/* Writes the help to FD, WIDTH columns wide. PROGRAM is "redd run" or "systemd-nspawn". */
int options_print_help(int fd, const char *program, unsigned width);
