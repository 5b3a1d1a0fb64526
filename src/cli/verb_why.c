/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd why NAME...: how the last run of a machine ended, and what can be done about it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "cli/run_host.h"
#include "cli/timestamp.h"
#include "cli/verb.h"
#include "config/machine_name.h"
#include "config/signal_name.h"
#include "machine/log.h"
#include "machine/registry.h"

/* What the machine said last, where its end was no good one. */
static void print_tail(const char *name, unsigned lines)
{
    CLEANUP(strings_done) struct strings tail = {0};
    auto_error struct error *ignored = NULL;

    if (machine_log_tail(MACHINE_LOG_FOLDER, name, lines, &tail, &ignored) < 0 || tail.count == 0)
        return;
    (void) puts("It said last:");
    for (size_t i = 0; i < tail.count; i++)
        (void) printf("    %s\n", tail.item[i]);
}

static void print_last(const char *name, const struct last_run *run, unsigned lines)
{
    char when[TIMESTAMP_SIZE];

    timestamp_format(run->realtime_us, when);
    if (!run->text) {
        (void) printf("Machine '%s' ended well on %s: it %s.\n", name, when,
                      run->result == RESULT_REBOOTED      ? "wanted to reboot"
                      : run->result == RESULT_POWERED_OFF ? "was powered off"
                      : run->result == RESULT_KILLED      ? "was killed, as asked"
                                                          : "had done its work");
        return;
    }
    (void) printf("%s: %s%s%s%s\n", when, run->text, run->id ? " [" : "", run->id ? run->id : "", run->id ? "]" : "");
    if (run->hint)
        (void) printf("hint: %s\n", run->hint);
    if (run->result != RESULT_NOT_STARTED && run->id)
        print_tail(name, lines);
}

static void print_json(const char *name, bool is_running, const struct last_run *run, enum json_style style)
{
    struct json json = {.style = style};

    json_object(&json, NULL);
    json_string(&json, "machine", name);
    json_bool(&json, "running", is_running);
    if (run) {
        json_string(&json, "result", run_result_name(run->result));
        json_signed(&json, "number", run->number);
        json_unsigned(&json, "time", run->realtime_us);
        json_string(&json, "code", run->id);
        json_string(&json, "text", run->text);
        json_string(&json, "hint", run->hint);
    } else
        json_null(&json, "result");
    json_end(&json);
    json_finish(&json);
}

static int why_one(const struct verb_call *call, const struct registry *registry, const char *name, struct error **err)
{
    CLEANUP(machine_state_done) struct machine_state state = {0};
    CLEANUP(last_run_done) struct last_run run = {0};
    auto_error struct error *not_running = NULL, *unknown = NULL;

    if (machine_name_check(name, err) < 0)
        return -error_code(*err);
    bool is_running = registry_get(registry, name, &state, &not_running) == 0;
    bool is_known = last_run_read(MACHINE_LOG_FOLDER, name, &run, &unknown) == 0;
    if (call->options->json != JSON_OFF) {
        print_json(name, is_running, is_known ? &run : NULL, call->options->json);
        return 0;
    }
    if (is_running)
        (void) printf("Machine '%s' runs.%s\n", name, is_known ? " The time before:" : "");
    if (is_known)
        print_last(name, &run, call->options->lines);
    else if (!is_running && error_code(unknown) != ENOENT) {
        *err = TAKE(unknown);
        return -error_code(*err);
    } else if (!is_running) {
        fail_plain(err, ENOENT, "nothing is known of a run of machine '%s'", name);
        fail_id(*err, "R4042");
        fail_hint(*err, "only machines that run in the background are remembered; those of 'redd run' have said on "
                        "their terminal how they ended");
        return -ENOENT;
    }
    return 0;
}

int verb_why(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();

    (void) ret_status;
    for (int i = 0; i < call->argc; i++)
        if (why_one(call, &registry, call->argv[i], err) < 0)
            return -error_code(*err);
    return 0;
}
