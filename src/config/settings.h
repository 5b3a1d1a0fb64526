/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings: assignments with their origin, before they become a spec.
 *
 * The command line gives one list, a .nspawn file another. Which side wins is decided per group of options (see
 * enum setting_group) and by --settings=; losing assignments stay in the list, marked, so that `redd config` can
 * tell where each value came from and why another one does not count. Applying the winners in order to a fresh
 * spec, through each row's parser, gives the spec: no value is ever copied between two structs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/spec.h"

struct option_row;

enum origin_kind { ORIGIN_COMMAND_LINE, ORIGIN_FILE, ORIGIN_KEPT };
enum assignment_state {
    ASSIGNMENT_COUNTS,
    ASSIGNMENT_OVERRIDDEN,      /* another side won */
    ASSIGNMENT_UNTRUSTED,       /* the file may not say this */
    ASSIGNMENT_INVALID,         /* warned about when the file was read */
    ASSIGNMENT_TAKEN_BACK,      /* by an empty assignment further down in the file */
};

struct assignment {
    const struct option_row *row;
    char *value;                /* NULL: an option without argument */
    enum origin_kind origin;
    unsigned line;              /* file: line number */
    enum assignment_state state;
};

struct settings {
    struct assignment *item;
    size_t count;
    char *file;                 /* path of the .nspawn file in use, NULL: none */
    bool file_trusted;
};

void settings_done(struct settings *settings);

/* Reads argv (argv[0] is skipped). The payload's words become assignments too (option_of_command()).
 * *ret_action tells what the caller is to do: reading stops at --help, --version, and at "help" given as a value, in
 * which case the last item's row is the one for option_print_values(). Bad usage: one line, -EINVAL, hint "try --help".
 * Every value is parsed once for validity, so that errors do not depend on what a file says. */
enum argv_action { ARGV_RUN, ARGV_HELP, ARGV_VERSION, ARGV_VALUES };
int settings_read_argv(struct settings *settings, int argc, char **argv, enum argv_action *ret_action,
                       struct error **err);

/* The trusted folders of a scope: /etc/systemd/nspawn and /run/systemd/nspawn, or the caller's own under
 * $XDG_CONFIG_HOME and $XDG_RUNTIME_DIR. Where the environment does not tell the latter, the list is shorter. */
void settings_list_folders(bool user_scope, struct strings *ret);

/* Looks for NAME.nspawn: the FOLDERS of settings_list_folders() (trusted), then DIRECTORY_BESIDE (may be NULL;
 * untrusted unless TRUST_ALL). Missing is fine; present but unreadable or malformed ("[Exec" without "]") is an error.
 * Unknown keys and sections, bad values and ignored untrusted keys are warned about (log_warning), with file, line
 * and the nearest known key, and do not fail. */
int settings_read_file_in(struct settings *settings, const struct strings *folders, const char *name,
                          const char *directory_beside, bool trust_all, struct error **err);

/* The same for bytes already read; for tests and the fuzzer. */
int settings_parse_file(struct settings *settings, const char *path, const char *text, size_t size, bool trusted,
                        struct error **err);

/* Decides per group which side counts, then fills SPEC (already spec_init()ed) from the winners. */
int settings_apply(struct settings *settings, enum settings_mode mode, struct spec *spec, struct error **err);

/* The whole way from a command line that was read to a resolved SPEC: switches of ENVIRON_LIST, the file (looked for in
 * DIRECTORY_BESIDE too; NULL: beside the tree that the command line names), both sides' assignments, spec_resolve().
 * SPEC is initialized here; on failure it is for spec_done() all the same. */
int settings_resolve(struct settings *settings, const char *directory_beside, bool privileged, char **environ_list,
                     struct spec *spec, struct error **err);

/* Limits of [Resources] ("TasksMax=33") that are kept for the machine, behind all others of a resolved SPEC. */
void settings_add_kept(struct settings *settings, const struct strings *limits, struct spec *spec);

/* Prints every effective setting and its origin, aligned, to FD (for `redd config`). */
int settings_explain(const struct settings *settings, const struct spec *spec, int fd, struct error **err);

/* The same for programs: calls EACH for every setting, in that order. */
void settings_visit(const struct settings *settings, const struct spec *spec,
                    void (*each)(void *data, const char *name, const char *value, const char *origin), void *data);

/* Two ways to run one container, under titles of their own. */
struct settings_side {
    const char *title;
    const struct settings *settings;
    const struct spec *spec;
};

/* Prints the effective settings that are not the same in both, side by side. */
int settings_compare(const struct settings_side side[2], int fd, struct error **err);
