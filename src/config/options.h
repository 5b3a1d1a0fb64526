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
    GROUP_LIMITS,               /* one contest for each kind of limit */
    GROUP_NEVER_IN_FILE,
};

/* ARGUMENT_USER is the one oddity, --user: alone it selects a scope; with "=NAME", or with a word behind it that is no
 * option, it is the old spelling of --uid=NAME. */
enum option_argument { ARGUMENT_NONE, ARGUMENT_REQUIRED, ARGUMENT_OPTIONAL, ARGUMENT_USER };

/* What an untrusted .nspawn file may do with this row. TRUST_TIGHTEN: only values that begin with "~" (deny) count. */
enum trust { TRUST_ANY_FILE, TRUST_PRIVILEGED, TRUST_TIGHTEN };

/* How a value in a file is made of words. Each word becomes an assignment of its own, so that one bad word does not
 * spoil the others; a leading "~" is handed to each. WORDS_QUOTED: quotes are undone, WORDS_SHELL: C
 * escapes, too. */
enum option_words { WORDS_NONE, WORDS_PLAIN, WORDS_QUOTED, WORDS_SHELL };

/* Puts VALUE into SPEC, which stays as it was on failure. VALUE is NULL where the option has no argument. An error's
 * text is a sentence for the command line; its hint, if any, says what is wrong with the value. */
typedef int option_parse_fn(struct spec *spec, const char *value, struct error **err);

/* The INDEXth known value of an option, NULL behind the last. May use BUFFER of OPTION_VALUE_SIZE bytes. */
enum { OPTION_VALUE_SIZE = 32 };
typedef const char *option_value_fn(size_t index, char *buffer);

struct option_row {
    const char *flag;           /* "directory"; NULL: only a file key */
    char short_flag;            /* 'D' or 0 */
    enum option_argument argument;
    const char *argument_name;  /* "PATH", for help */
    const char *key;            /* "Exec.Boot"; NULL: no file key */
    enum setting_group group;
    enum trust trust;
    const char *untrusted_message;      /* what is said when an untrusted file sets it, "%s": the file; NULL: by key */
    option_parse_fn *parse;
    option_parse_fn *parse_key; /* when the file's syntax differs; NULL: the same */
    enum option_words words;    /* file */
    const char *instead;        /* file: what counts where a value does not parse and none would protect less */
    bool empty_counts;          /* file: "Key=" is a value; else it takes back what the file said before */
    const char *alias_of;       /* flag this is only a spelling of, … */
    const char *alias_value;    /* … with this value; NULL: with the one given */
    option_value_fn *value;     /* known values, printed for "help"; NULL: free text */
    const char *fallback;       /* for people: what holds when nobody says anything; NULL: nothing */
    const char *section;        /* heading of --help; NULL: hidden */
    bool extension;             /* ours: not in the help of the program whose name we may be called by */
    const char *help;
};

extern const struct option_row option_rows[];
extern const size_t n_option_rows;

const struct option_row *option_by_flag(const char *flag, size_t length);
const struct option_row *option_by_short(char flag);
const struct option_row *option_by_key(const char *section, const char *key);

/* How to speak of a row: "--bind=", "-U", or "Exec.Boot=" where there is only a key. BUFFER: OPTION_NAME_SIZE bytes. */
enum { OPTION_NAME_SIZE = 64 };
const char *option_name(const struct option_row *row, char buffer[OPTION_NAME_SIZE]);

/* The row of the payload's words on the command line, = "Exec.Parameters". */
const struct option_row *option_of_command(void);

/* Writes the help to FD, WIDTH columns wide. PROGRAM is "redd run" or "systemd-nspawn"; under the latter name only
 * the options of that program are shown. 0 or a negative errno of write(). */
int options_print_help(int fd, const char *program, unsigned width);

/* Writes the known values of ROW, one a line. */
int option_print_values(int fd, const struct option_row *row);
