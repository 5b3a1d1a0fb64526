/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verb: what the programs redd answers to can be told to do. One row each in verb_table.c.
 *
 * redd, machinectl and importctl share the rows: a row says which of them know it, and under which options. Options
 * may stand in front of a verb and behind it; those of a VERB_COMMAND end at its first word, since what follows the
 * name of a machine there is a command line of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/verb_options.h"

enum verb_flags {
    VERB_COMMAND = 1 << 0,      /* options end at the first positional word */
    VERB_RAW = 1 << 1,          /* reads its own options: run_raw is called with all words from the verb on */
    VERB_DEFAULT = 1 << 2,      /* of machinectl or importctl when no verb is given */
    VERB_PAGED = 1 << 3,        /* what it prints may be long */
    VERB_LONG = 1 << 5,         /* may take long, and says nothing meanwhile: a status line does */
    VERB_OWNERS = 1 << 4,       /* looks into images: a plain user's trees belong to ids that are his only by a map */
    VERB_RUNNING = 1 << 6,      /* NAME is that of a machine that runs; with others it is that of an image */
    VERB_STOPPED = 1 << 7,      /* … or of one that could */
};

enum { VERB_ANY_NUMBER = -1 };

struct verb;

/* What a verb is called with. Everything is borrowed from main(). */
struct verb_call {
    const struct verb *verb;
    enum program program;
    const char *program_name;   /* in front of errors: "redd list", or "machinectl" */
    int argc;                   /* positional words behind the verb */
    char **argv;                /* NULL-terminated */
    const struct verb_options *options;
};

struct verb {
    const char *name;
    unsigned programs;          /* bits of enum program */
    int min, max;               /* positional words; max may be VERB_ANY_NUMBER */
    unsigned flags;
    /* Gives the program's exit status in *ret_status, 0 unless it says otherwise; a failure is reported by main(). */
    int (*run)(const struct verb_call *call, int *ret_status, struct error **err);
    int (*run_raw)(int argc, char **argv);      /* VERB_RAW; returns the exit status */
    /* Names of the options it takes under the name redd, parted by blanks, besides those every verb takes. The
     * programs we stand in for take all of theirs with all of their verbs. */
    const char *options;
    const char *synopsis;       /* "NAME [PATH [ARG...]]" */
    const char *help;           /* a line, in lower case; NULL: not shown */
};

extern const struct verb verb_table[];
extern const size_t n_verbs;

/* NULL: there is none of that name in PROGRAM. */
const struct verb *verb_find(enum program program, const char *name);

/* The whole of a program: words in, exit status out. */
int verb_main(enum program program, int argc, char **argv);

/* The list of verbs, or of the options of one VERB. */
void verb_print_help(enum program program, const struct verb *verb);

void print_version(void);                       /* version.c */
void print_version_json(enum json_style style);

/* The rows. Each is in verb_NAME.c unless said otherwise. */
int verb_run(int argc, char **argv);
int verb_complete(int argc, char **argv);
int verb_config(int argc, char **argv);
int verb_autostart(const struct verb_call *call, int *ret_status, struct error **err);
int verb_disable(const struct verb_call *call, int *ret_status, struct error **err);     /* verb_enable.c */
int verb_doctor(const struct verb_call *call, int *ret_status, struct error **err);
int verb_enable(const struct verb_call *call, int *ret_status, struct error **err);
int verb_virtual_only(const struct verb_call *call, int *ret_status, struct error **err);       /* verb_stop.c */
int verb_kill(const struct verb_call *call, int *ret_status, struct error **err);        /* verb_stop.c */
int verb_list(const struct verb_call *call, int *ret_status, struct error **err);
int verb_logs(const struct verb_call *call, int *ret_status, struct error **err);
int verb_port(const struct verb_call *call, int *ret_status, struct error **err);        /* verb_ports.c */
int verb_ports(const struct verb_call *call, int *ret_status, struct error **err);
int verb_reboot(const struct verb_call *call, int *ret_status, struct error **err);      /* verb_stop.c */
int verb_set(const struct verb_call *call, int *ret_status, struct error **err);
int verb_show(const struct verb_call *call, int *ret_status, struct error **err);
int verb_stats(const struct verb_call *call, int *ret_status, struct error **err);       /* verb_top.c */
int verb_start(const struct verb_call *call, int *ret_status, struct error **err);
int verb_status(const struct verb_call *call, int *ret_status, struct error **err);
int verb_stop(const struct verb_call *call, int *ret_status, struct error **err);
int verb_terminate(const struct verb_call *call, int *ret_status, struct error **err);   /* verb_stop.c */
int verb_top(const struct verb_call *call, int *ret_status, struct error **err);
int verb_wait(const struct verb_call *call, int *ret_status, struct error **err);
int verb_why(const struct verb_call *call, int *ret_status, struct error **err);
/* verb_class_images.c */
int verb_list_class_images(const struct verb_call *call, int *ret_status, struct error **err);
int verb_list_images(const struct verb_call *call, int *ret_status, struct error **err);        /* verb_images.c */
int verb_show_image(const struct verb_call *call, int *ret_status, struct error **err);         /* verb_images.c */
int verb_image_status(const struct verb_call *call, int *ret_status, struct error **err);
int verb_cat(const struct verb_call *call, int *ret_status, struct error **err);        /* verb_image_settings.c */
int verb_edit(const struct verb_call *call, int *ret_status, struct error **err);       /* verb_image_settings.c */
int verb_clone(const struct verb_call *call, int *ret_status, struct error **err);  /* to clean: verb_image_change.c */
int verb_rename(const struct verb_call *call, int *ret_status, struct error **err);
int verb_remove(const struct verb_call *call, int *ret_status, struct error **err);
int verb_read_only(const struct verb_call *call, int *ret_status, struct error **err);
int verb_set_limit(const struct verb_call *call, int *ret_status, struct error **err);
int verb_flatten(const struct verb_call *call, int *ret_status, struct error **err);
int verb_clean(const struct verb_call *call, int *ret_status, struct error **err);
int verb_du(const struct verb_call *call, int *ret_status, struct error **err);
int verb_snapshot(const struct verb_call *call, int *ret_status, struct error **err);   /* to diff: verb_snapshot.c */
int verb_snapshots(const struct verb_call *call, int *ret_status, struct error **err);
int verb_restore(const struct verb_call *call, int *ret_status, struct error **err);
int verb_remove_snapshot(const struct verb_call *call, int *ret_status, struct error **err);
int verb_diff(const struct verb_call *call, int *ret_status, struct error **err);
int verb_attach(const struct verb_call *call, int *ret_status, struct error **err);
int verb_detach(const struct verb_call *call, int *ret_status, struct error **err);     /* verb_attach.c */
int verb_bind(const struct verb_call *call, int *ret_status, struct error **err);
int verb_unbind(const struct verb_call *call, int *ret_status, struct error **err);     /* verb_bind.c */
int verb_binds(const struct verb_call *call, int *ret_status, struct error **err);      /* verb_bind.c */
int verb_copy_to(const struct verb_call *call, int *ret_status, struct error **err);    /* verb_copy.c */
int verb_copy_from(const struct verb_call *call, int *ret_status, struct error **err);  /* verb_copy.c */
int verb_copy(const struct verb_call *call, int *ret_status, struct error **err);
int verb_exec(const struct verb_call *call, int *ret_status, struct error **err);
int verb_shell(const struct verb_call *call, int *ret_status, struct error **err);
int verb_login(const struct verb_call *call, int *ret_status, struct error **err);      /* verb_shell.c */
int verb_mount(const struct verb_call *call, int *ret_status, struct error **err);  /* to repair: verb_image_care.c */
int verb_unmount(const struct verb_call *call, int *ret_status, struct error **err);
int verb_verify(const struct verb_call *call, int *ret_status, struct error **err);
int verb_repair(const struct verb_call *call, int *ret_status, struct error **err);
int verb_help(const struct verb_call *call, int *ret_status, struct error **err);       /* verb_main.c */
int verb_version(const struct verb_call *call, int *ret_status, struct error **err);    /* verb_main.c */

/* verb_transfer.c */
int verb_transfer(const struct verb_call *call, int *ret_status, struct error **err);
int verb_list_transfers(const struct verb_call *call, int *ret_status, struct error **err);
int verb_cancel_transfer(const struct verb_call *call, int *ret_status, struct error **err);
