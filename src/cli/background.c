/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/background.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strings.h"
#include "config/machine_name.h"
#include "config/signal_name.h"
#include "machine/start.h"

static const char *machine_in_words(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = string_after(argv[i], "--machine=");

        if (value)
            return value;
        if (strcmp(argv[i], "--machine") == 0 || strcmp(argv[i], "-M") == 0)
            return argv[i + 1];
    }
    return NULL;
}

static bool has_word(int argc, char **argv, const char *word)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

void background_init(struct background *background, int argc, char **argv)
{
    /* an invocation id is what systemd gives each run of a unit; --cleanup is no run */
    bool is_unit = getenv("INVOCATION_ID") && getenv("NOTIFY_SOCKET") && has_word(argc, argv, "--keep-unit");
    const char *name = is_unit ? machine_in_words(argc, argv) : getenv(BACKGROUND_VARIABLE);

    *background = (struct background){.name = name && machine_name_is_valid(name) ? name : NULL};
}

static void write_down(const struct background *background, struct last_run *run)
{
    auto_error struct error *err = NULL;

    run->realtime_us = clock_realtime_us();
    if (last_run_write(MACHINE_LOG_FOLDER, background->name, run, &err) < 0)
        log_warning("cannot write down how this ends: %s", error_text(err));
}

void background_failed(const struct background *background, const struct error *err)
{
    struct last_run run = {.result = RESULT_NOT_STARTED, .text = (char *) error_text(err),
                           .hint = (char *) error_hint(err), .id = (char *) error_id(err)};

    if (background->name)
        write_down(background, &run);
}

/* What a signal that ended a first process may mean. */
static const char *signal_remedy(int number)
{
    switch (number) {
    case SIGSYS:
        return "it made a system call that it may not make: see --system-call-filter= in redd-run(1)";
    case SIGKILL:
        return "if nobody did it by hand, the memory was used up: see MemoryMax=, and the kernel's log";
    case SIGSEGV:
    case SIGILL:
    case SIGBUS:
    case SIGABRT:
        return "the program itself is broken, or is for another processor";
    default:
        return "somebody sent the signal from outside";
    }
}

/* An end that nobody asked for, as an error. */
static void judge(const char *machine, const struct run_ending *ending, struct error **err)
{
    char name[32];

    if (ending->kind == RUN_EXITED && ending->number != 0) {
        fail_plain(err, EIO, "the first process of machine '%s' ended with status %d", machine, ending->number);
        fail_id(*err, "R4040");
        fail_hint(*err, "'redd logs %s' shows what it said", machine);
    } else if (ending->kind == RUN_KILLED && !ending->was_asked) {
        fail_plain(err, EIO, "the first process of machine '%s' was ended by signal %s", machine,
                   signal_name(ending->number, name));
        fail_id(*err, "R4041");
        fail_hint(*err, "%s", signal_remedy(ending->number));
    }
}

void background_ended(const struct background *background, const struct run_ending *ending)
{
    static const enum run_result results[] = {
        [RUN_EXITED] = RESULT_EXITED,
        [RUN_KILLED] = RESULT_KILLED,
        [RUN_POWERED_OFF] = RESULT_POWERED_OFF,
        [RUN_REBOOTED] = RESULT_REBOOTED,
    };
    auto_error struct error *err = NULL;
    struct last_run run = {.result = results[ending->kind], .number = ending->number};

    if (!background->name)
        return;
    judge(background->name, ending, &err);
    if (err) {
        run.text = (char *) error_text(err);
        run.hint = (char *) error_hint(err);
        run.id = (char *) error_id(err);
    }
    write_down(background, &run);
}

/* By the words of systemd.exec(5) for $SERVICE_RESULT: ends that a supervisor has no part in, and what helps. */
static const char *result_remedy(const char *result)
{
    static const struct {
        const char *result, *remedy;
    } known[] = {
        {"signal",    "somebody sent it from outside"},
        {"core-dump", "that is a fault of redd's own: please report it"},
        {"oom-kill",  "the memory was used up: see MemoryMax=, and the kernel's log"},
        {"watchdog",  "it did not answer for the time of WatchdogSec="},
        {"timeout",   "the machine did not stop, or start, within the time of TimeoutSec="},
    };

    for (size_t i = 0; result && i < COUNT_OF(known); i++)
        if (strcmp(result, known[i].result) == 0)
            return known[i].remedy;
    return NULL;
}

void background_died(const char *machine)
{
    const char *remedy = result_remedy(getenv("SERVICE_RESULT")), *code = getenv("EXIT_CODE");
    const char *status = getenv("EXIT_STATUS");
    const struct background background = {.name = machine};
    auto_error struct error *err = NULL;
    int number;

    if (!remedy || !code || strcmp(code, "exited") == 0 || !status || signal_parse(status, &number) < 0)
        return;
    fail_plain(&err, EIO, "the supervisor of machine '%s' was ended by signal %s", machine, status);
    fail_id(err, "R4500");
    fail_hint(err, "%s", remedy);

    struct last_run run = {.result = RESULT_KILLED, .number = number, .text = (char *) error_text(err),
                           .hint = (char *) error_hint(err), .id = (char *) error_id(err)};
    write_down(&background, &run);
}

void background_console_wrote(struct background *background, uint64_t total)
{
    auto_error struct error *ignored = NULL;
    int fd;

    if (!background->name || !getenv(BACKGROUND_VARIABLE) || total - background->logged < MACHINE_LOG_SIZE / 4)
        return;
    background->logged = total;
    if (machine_log_open(MACHINE_LOG_FOLDER, background->name, &fd, &ignored) < 0)
        return;
    /* one that was not full yet is the same file again */
    (void) dup2(fd, STDOUT_FILENO);
    (void) dup2(fd, STDERR_FILENO);
    (void) close(fd);
}
