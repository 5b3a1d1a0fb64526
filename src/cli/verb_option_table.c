/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of the verbs' options: functions that set what they are about, then the rows. */
#include "cli/verb_option_table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/verb.h"
#include "config/quantity.h"
#include "config/refuse.h"
#include "config/signal_name.h"

#define SWITCH(function, field) \
    static int function(struct verb_options *o, const char *value, struct error **err) \
    { \
        (void) value, (void) err; \
        o->field = true; \
        return 0; \
    }

#define STRING(function, field) \
    static int function(struct verb_options *o, const char *value, struct error **err) \
    { \
        (void) err; \
        o->field = value; \
        return 0; \
    }

SWITCH(set_help, help)
SWITCH(set_version, version)
SWITCH(set_all, all)
SWITCH(set_quiet, quiet)
SWITCH(set_value, value_only)
SWITCH(set_no_legend, no_legend)
SWITCH(set_no_pager, no_pager)
SWITCH(set_follow, follow)
SWITCH(set_user, user_scope)
SWITCH(set_read_only, read_only)
SWITCH(set_mkdir, mkdir)
SWITCH(set_force, force)
SWITCH(set_now, now)
SWITCH(set_no_ask_password, no_ask_password)
SWITCH(set_purge, purge)
SWITCH(set_dry_run, dry_run)
SWITCH(set_runtime, runtime)
SWITCH(set_wait, wait)
SWITCH(set_tty, tty)
STRING(set_host, host)
STRING(set_machine, machine)
STRING(set_uid, uid)
STRING(set_chdir, chdir)
STRING(set_for, wait_for)
STRING(set_keep, keep)
STRING(set_since, since)

static int set_system(struct verb_options *o, const char *value, struct error **err)
{
    (void) value, (void) err;
    o->user_scope = false;
    return 0;
}

static int set_full(struct verb_options *o, const char *value, struct error **err)
{
    (void) value, (void) err;
    o->full = true;
    o->max_addresses = o->max_addresses_given ? o->max_addresses : UINT_MAX;
    return 0;
}

static int set_mirror(struct verb_options *o, const char *value, struct error **err)
{
    (void) err;
    strings_add(&o->mirrors, value);
    return 0;
}

static int set_property(struct verb_options *o, const char *value, struct error **err)
{
    (void) err;
    strings_split(&o->properties, value, ",");
    return 0;
}

static int set_property_value(struct verb_options *o, const char *value, struct error **err)
{
    o->value_only = true;
    return set_property(o, value, err);
}

static int refuse_value(struct error **err, const char *sentence, const char *value, const char *hint)
{
    int r = fail_plain(err, EINVAL, "%s%s", sentence, value);

    fail_id(*err, "R1014");
    fail_hint(*err, "%s", hint);
    return r;
}

/* VALUE is one of WORDS, which end with NULL. */
static int set_word(const char **field, const char *value, const char *const *words, const char *sentence,
                    const char *hint, struct error **err)
{
    for (; *words; words++)
        if (strcmp(*words, value) == 0) {
            *field = *words;
            return 0;
        }
    return refuse_value(err, sentence, value, hint);
}

static int set_kill_whom(struct verb_options *o, const char *value, struct error **err)
{
    static const char *const words[] = {"all", "leader", "supervisor", NULL};

    return set_word(&o->kill_whom, value, words, "Failed to parse --kill-whom= setting: ",
                    "the values are: all, leader, supervisor", err);
}

static int set_runner(struct verb_options *o, const char *value, struct error **err)
{
    static const char *const words[] = {"nspawn", "vmspawn", NULL};

    return set_word(&o->runner, value, words, "Failed to parse --runner= setting: ", "the values are: nspawn, vmspawn",
                    err);
}

static int set_vmspawn(struct verb_options *o, const char *value, struct error **err)
{
    (void) value;
    return set_runner(o, "vmspawn", err);
}

static int set_class(struct verb_options *o, const char *value, struct error **err)
{
    static const char *const words[] = {"machine", "portable", "sysext", "confext", NULL};

    return set_word(&o->class, value, words, "Failed to parse --class= parameter: ",
                    "the values are: machine, portable, sysext, confext", err);
}

static int set_class_machine(struct verb_options *o, const char *value, struct error **err)
{
    (void) value;
    return set_class(o, "machine", err);
}

static int set_class_portable(struct verb_options *o, const char *value, struct error **err)
{
    (void) value;
    return set_class(o, "portable", err);
}

static int set_class_sysext(struct verb_options *o, const char *value, struct error **err)
{
    (void) value;
    return set_class(o, "sysext", err);
}

static int set_class_confext(struct verb_options *o, const char *value, struct error **err)
{
    (void) value;
    return set_class(o, "confext", err);
}

/* "help" for a value: the words there are, one a line. */
static void answer_help(const char *value, const char *const *words)
{
    if (strcmp(value, "help") != 0)
        return;
    for (size_t i = 0; words[i]; i++)
        (void) puts(words[i]);
    exit(EXIT_SUCCESS);
}

static int set_verify(struct verb_options *o, const char *value, struct error **err)
{
    static const char *const words[] = {"no", "checksum", "signature", NULL};

    answer_help(value, words);
    if (strlen(value) == 64 && strspn(value, "0123456789abcdefABCDEF") == 64) {
        o->verify = value;
        return 0;
    }
    return set_word(&o->verify, value, words, "Failed to parse --verify= setting: ",
                    "the values are: no, checksum, signature, or a SHA256 sum of 64 hex digits", err);
}

static int set_format(struct verb_options *o, const char *value, struct error **err)
{
    static const char *const words[] = {"uncompressed", "xz", "gzip", "bzip2", "zstd", "zst", "lz4", NULL};

    return set_word(&o->format, value, words, "Unknown format: ",
                    "the values are: uncompressed, xz, gzip, bzip2, zstd, lz4", err);
}

static int set_keep_download(struct verb_options *o, const char *value, struct error **err)
{
    int on = parse_boolean(value);

    if (on < 0)
        return refuse_value(err, "Failed to parse --keep-download= value: ", value, "it is yes or no");
    o->keep_download = on;
    return 0;
}

static int set_keep_nothing(struct verb_options *o, const char *value, struct error **err)
{
    return set_keep_download(o, value ? value : "no", err);
}

static int set_platform(struct verb_options *o, const char *value, struct error **err)
{
    (void) err;
    o->platform = value;
    return 0;
}

static int set_server(struct verb_options *o, const char *value, struct error **err)
{
    (void) err;
    o->server = value;
    return 0;
}

static int set_key(struct verb_options *o, const char *value, struct error **err)
{
    (void) err;
    o->key = value;
    return 0;
}

static int set_lock_file(struct verb_options *o, const char *value, struct error **err)
{
    (void) err;
    o->lock_file = value;
    return 0;
}

static int set_locked(struct verb_options *o, const char *value, struct error **err)
{
    (void) value, (void) err;
    o->locked = true;
    return 0;
}

static int set_signal(struct verb_options *o, const char *value, struct error **err)
{
    char buffer[32];

    if (strcmp(value, "help") == 0 || strcmp(value, "list") == 0) {
        if (*value == 'l')
            (void) puts("SIGNAL NAME");
        for (int i = 1; i <= 64; i++)
            if (*value == 'l')
                (void) printf("%-6d SIG%s\n", i, signal_name(i, buffer));
            else
                (void) puts(signal_name(i, buffer));
        exit(EXIT_SUCCESS);
    }
    if (signal_parse(value, &o->signal) < 0)
        return refuse_value(err, "Failed to parse signal string ", value,
                            "as in SIGTERM, USR1 or 9; 'list' shows them all");
    return 0;
}

static int set_environment(struct verb_options *o, const char *value, struct error **err)
{
    const char *own;

    if (!environment_name_is_valid(value, strcspn(value, "=")))
        return refuse_value(err, "Cannot assign environment variable ", value,
                      "a variable's name is letters, digits and '_', and does not begin with a digit");
    if (strchr(value, '='))
        environment_set(&o->environment, value);
    else if ((own = getenv(value))) {
        auto_free char *assignment = mem_format("%s=%s", value, own);
        environment_set(&o->environment, assignment);
    }
    return 0;
}

static int set_lines(struct verb_options *o, const char *value, struct error **err)
{
    uint32_t n;

    if (parse_u32(value, &n) < 0 || n == 0 || n > INT_MAX)
        return refuse_value(err, "Failed to parse lines ", value, "it is the number of lines to show, 1 or more");
    o->lines = n;
    o->lines_given = true;
    return 0;
}

static int set_max_addresses(struct verb_options *o, const char *value, struct error **err)
{
    uint32_t n = UINT_MAX;

    if (strcmp(value, "all") != 0 && parse_u32(value, &n) < 0)
        return refuse_value(err, "Invalid number of addresses: ", value, "it is a number, or 'all'");
    o->max_addresses = n;
    o->max_addresses_given = true;
    return 0;
}

static int set_json(struct verb_options *o, const char *value, struct error **err)
{
    static const char *const words[] = {"pretty", "short", "off", NULL};

    answer_help(value, words);
    if (json_style_parse(value, &o->json) < 0)
        return refuse_value(err, "Unknown argument to --json= switch: ", value, "the values are: short, pretty, off");
    return 0;
}

static int set_json_auto(struct verb_options *o, const char *value, struct error **err)
{
    (void) value;
    return set_json(o, "auto", err);
}

static int set_output(struct verb_options *o, const char *value, struct error **err)
{
    static const char *const words[] = {"short",     "short-full",  "short-iso", "short-iso-precise", "short-precise",
                                        "short-monotonic", "short-delta", "short-unix", "verbose", "export", "json",
                                        "json-pretty", "json-sse", "json-seq", "cat", "with-unit", NULL};

    answer_help(value, words);
    if (set_word(&o->output, value, words, "Unknown output mode: ", "--output=help lists them", err) < 0)
        return -EINVAL;
    if (string_starts(value, "json"))
        o->json = strcmp(value, "json-pretty") == 0 ? JSON_PRETTY : JSON_SHORT;
    return 0;
}

static int set_timeout(struct verb_options *o, const char *value, struct error **err)
{
    enum { SECOND_US = 1000000 };

    if (quantity_parse_time(value, SECOND_US, &o->timeout_us) < 0)
        return refuse_value(err, "Failed to parse --timeout= value: ", value, "as in 30, 90s or 2min");
    return 0;
}

enum { R = PROGRAM_REDD, M = PROGRAM_MACHINECTL, I = PROGRAM_IMPORTCTL };

/* clang-format off */
const struct verb_option verb_option_table[] = {
    {"help",           'h', NULL,          R | M | I, true,  set_help,         "print this help"},
    {"version",         0,  NULL,          R | M | I, true,  set_version,      "print the version"},
    {"quiet",          'q', NULL,          R | M | I, true,  set_quiet,        "say less"},
    {"no-legend",       0,  NULL,          R | M | I, true,  set_no_legend,    "no titles, no counts"},
    {"no-pager",        0,  NULL,          R | M | I, true,  set_no_pager,     "do not page"},
    {"json",            0,  "STYLE",       R | I,     true,  set_json,         "for programs: pretty, short or off"},
    {NULL,             'j', NULL,          R | I,     true,  set_json_auto,    "the same as --json=pretty on a terminal, else --json=short"},
    {"output",         'o', "MODE",        R | M,     true,  set_output,       "json; for journal lines: short, cat, …; help lists them"},
    {"no-ask-password", 0,  NULL,          M | I,     false, set_no_ask_password, "never ask for a password"},
    {"system",          0,  NULL,          R | M | I, true,  set_system,       "what is the host's"},
    {"user",            0,  NULL,          R | M | I, true,  set_user,         "images, transfers and units of the calling user"},
    {"host",           'H', "[USER@]HOST", R | M | I, true,  set_host,         "act on another host, over ssh"},
    {"machine",        'M', "NAME",        R | M | I, true,  set_machine,      "act inside of a machine"},
    {"property",       'p', "NAME",        R | M,     false, set_property,     "only this property; may repeat"},
    {"value",           0,  NULL,          R | M,     false, set_value,        "print values without their names"},
    {NULL,             'P', "NAME",        R | M,     false, set_property_value, "the same as --value --property=NAME"},
    {"all",            'a', NULL,          R | M,     false, set_all,          "also what is hidden or empty"},
    {"full",           'l', NULL,          R | M,     false, set_full,         "do not cut lines"},
    {"kill-whom",       0,  "WHOM",        R | M,     false, set_kill_whom,    "all, leader or supervisor"},
    {"kill-who",        0,  "WHOM",        M,         false, set_kill_whom,    NULL},
    {"signal",         's', "SIGNAL",      R | M,     false, set_signal,       "the signal to send; list shows them"},
    {"uid",             0,  "USER",        R | M,     false, set_uid,          "as this user"},
    {"setenv",         'E', "NAME[=VALUE]", R | M,    false, set_environment,  "an environment variable; may repeat"},
    {"read-only",       0,  NULL,          R | M | I, false, set_read_only,    "make the result read-only"},
    {"mkdir",           0,  NULL,          R | M,     false, set_mkdir,        "make the target first where missing"},
    {"lines",          'n', "COUNT",       R | M,     false, set_lines,        "this many lines of the log"},
    {"max-addresses",   0,  "COUNT",       R | M,     false, set_max_addresses, "at most this many addresses, or all"},
    {"force",           0,  NULL,          R | M | I, false, set_force,        "replace what is there"},
    {"now",             0,  NULL,          R | M,     false, set_now,          "start or power off as well"},
    {"runner",          0,  "RUNNER",      R | M,     false, set_runner,       "nspawn or vmspawn"},
    {NULL,             'V', NULL,          M,         false, set_vmspawn,      "the same as --runner=vmspawn"},
    {"verify",          0,  "MODE",        R | M | I, false, set_verify,       "no, checksum or signature"},
    {"format",          0,  "FORMAT",      R | M | I, false, set_format,       "uncompressed, xz, gzip, bzip2 or zstd"},
    {"class",           0,  "CLASS",       R | I,     false, set_class,        "machine, portable, sysext or confext"},
    {NULL,             'm', NULL,          I,         false, set_class_machine, "the same as --class=machine"},
    {NULL,             'P', NULL,          I,         false, set_class_portable, "the same as --class=portable"},
    {NULL,             'S', NULL,          I,         false, set_class_sysext, "the same as --class=sysext"},
    {NULL,             'C', NULL,          I,         false, set_class_confext, "the same as --class=confext"},
    {"keep-download",   0,  "BOOL",        R | I,     false, set_keep_download, "keep what was fetched beside the image"},
    {NULL,             'N', NULL,          R | I,     false, set_keep_nothing, "the same as --keep-download=no"},
    {"platform",        0,  "OS/ARCH",     R,         false, set_platform,     "of an image for several: as in linux/arm64"},
    {"server",          0,  "URL",         R,         false, set_server,       "the server that NAME is looked for on"},
    {"key",             0,  "FILE",        R,         false, set_key,          "trust the key in it from now on"},
    {"incremental-since", 0, "FILE",       R,         false, set_since,        "an earlier export: only what is new goes out"},
    {"mirror",          0,  "URL",         R,         false, set_mirror,       "where else it can be had from; may repeat"},
    {"lock-file",       0,  "FILE",        R,         false, set_lock_file,    "where it is written down what was pulled"},
    {"locked",          0,  NULL,          R,         false, set_locked,       "pull exactly what is written down there"},
    {"follow",         'f', NULL,          R,         false, set_follow,       "go on with what comes"},
    {"purge",           0,  NULL,          R | M,     false, set_purge,        "also the administrator's files"},
    {"keep",            0,  "RULE",        R,         false, set_keep,         "how much to keep"},
    {"dry-run",         0,  NULL,          R,         false, set_dry_run,      "say what would be done"},
    {"runtime",         0,  NULL,          R,         false, set_runtime,      "for this run only"},
    {"wait",            0,  NULL,          R | M,     false, set_wait,         "return when it is over"},
    {"for",             0,  "STATE",       R,         false, set_for,          "what to wait for"},
    {"timeout",         0,  "TIME",        R | M,     false, set_timeout,      "how long to wait"},
    {"tty",            't', NULL,          R,         false, set_tty,          "with a terminal"},
    {"chdir",           0,  "DIR",         R,         false, set_chdir,        "start in this folder"},
};
/* clang-format on */

const size_t verb_option_count = COUNT_OF(verb_option_table);

_Static_assert(COUNT_OF(verb_option_table) <= VERB_OPTION_MAX, "the reader has room for the names of all");
