/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log: what stays of a machine when it is gone: what its console said, and how its last run ended.
 *
 *     /var/lib/redd/log/NAME/console      the console of a machine in the background, and its supervisor's remarks
 *                            console.1    the part before that
 *                            last         how the last run ended; "redd why" reads it
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"

#define MACHINE_LOG_FOLDER "/var/lib/redd/log"

/* Beyond this a console log becomes the old one, whose own predecessor goes. */
#define MACHINE_LOG_SIZE (4 << 20)

/* The paths. Give. */
char *machine_log_console(const char *top, const char *name);
char *machine_log_old_console(const char *top, const char *name);

/* Opens the console log for appending, made where missing; one that is full is moved aside first. */
int machine_log_open(const char *top, const char *name, int *ret_fd, struct error **err);

/* The last LINES lines of the console log, oldest first, control characters but tabs taken out. */
int machine_log_tail(const char *top, const char *name, unsigned lines, struct strings *ret, struct error **err);

/* Passes on what is in the log behind the last LINES lines, and then what comes, line by line, until TAKE returns false
 * or STOP_FD becomes readable (-1: none). A log that is moved aside is followed into the new one. */
int machine_log_follow(const char *top, const char *name, unsigned lines, int stop_fd,
                       bool (*take)(void *data, const char *line), void *data, struct error **err);

/* LENGTH bytes of a console as a line for a terminal: what would move its cursor is taken out. Gives. */
char *machine_log_clean_line(const char *text, size_t length);

enum run_result {
    RESULT_NOT_STARTED,         /* the payload never ran; text, hint and id are the error's */
    RESULT_EXITED,              /* number: exit status */
    RESULT_KILLED,              /* number: signal */
    RESULT_POWERED_OFF,
    RESULT_REBOOTED,            /* to be started anew by whoever started it */
    N_RESULTS
};

/* "not-started", "exited", "killed", "powered-off", "rebooted" */
const char *run_result_name(enum run_result result);

/* How a run ended. Strings are owned and NULL where there is nothing to say. */
struct last_run {
    enum run_result result;
    int number;
    uint64_t realtime_us;
    char *text, *hint, *id;
};
void last_run_done(struct last_run *run);

int last_run_write(const char *top, const char *name, const struct last_run *run, struct error **err);
/* -ENOENT when nothing is known. */
int last_run_read(const char *top, const char *name, struct last_run *ret, struct error **err);
/* Of its text, which came from a file. -EINVAL. */
int last_run_parse(const char *text, struct last_run *ret);

/* Removes all that is kept of NAME. */
int machine_log_forget(const char *top, const char *name);
