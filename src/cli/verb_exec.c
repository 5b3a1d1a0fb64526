/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd exec: a command in a running machine, with the caller's three streams and the command's exit status. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/report.h"
#include "cli/run_host.h"
#include "cli/session_words.h"
#include "cli/verb.h"
#include "enter/session.h"

/* "exec NAME -- COMMAND": the dashes are for those who are used to them. */
static char **command_of(const struct verb_call *call)
{
    return call->argv + (call->argc > 1 && strcmp(call->argv[1], "--") == 0 ? 2 : 1);
}

static int exec_in(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    const struct registry registry = host_registry();
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    CLEANUP(strings_done) struct strings environment = {0};
    CLEANUP(session_words_done) struct session_words words = {0};
    char **command = command_of(call);

    *ret_status = ENTRY_FAILED;
    if (!*command)
        return fail_no_command(call, err);
    session_words_read(call->argv[0], options->uid, &words);
    if (guest_open(&registry, words.machine, &guest, err) < 0)
        return -error_code(*err);
    session_environment(options, options->tty, &environment);

    struct session session = {
        .entry = {
            .guest = &guest, .user = words.user, .argv = command, .program_fd = -1, .environment = &environment,
            .working_directory = options->chdir ? options->chdir : "/",
        },
        .has_terminal = options->tty,
    };
    return session_run(&session, ret_status, err);
}

int verb_exec(const struct verb_call *call, int *ret_status, struct error **err)
{
    /* the exit status tells who failed, us or the command: not main()'s one for everything */
    if (exec_in(call, ret_status, err) < 0) {
        (void) report(call->program_name, *err);
        *err = error_free(*err);
    }
    return 0;
}
