/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd shell and redd login: a session at a terminal, in a machine or on the host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/run_host.h"
#include "cli/session_words.h"
#include "cli/verb.h"
#include "enter/brought.h"
#include "enter/login.h"
#include "enter/session.h"

/* What machinectl says where it cannot find the machine, too. */
static int open_guest(const char *what, const char *name, struct guest *ret, struct error **err)
{
    const struct registry registry = host_registry();

    if (guest_open(&registry, name, ret, err) >= 0)
        return 0;
    return error_code(*err) == ENXIO ? fail_in(err, "Failed to get %s PTY", what) : -error_code(*err);
}

int verb_shell(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    CLEANUP(strings_done) struct strings environment = {0};
    CLEANUP(session_words_done) struct session_words words = {0};

    session_words_read(call->argc > 0 ? call->argv[0] : NULL, options->uid, &words);
    if (call->argc > 1 && !path_is_absolute(call->argv[1]))
        return fail_plain(err, EINVAL, "Path '%s' is not an absolute path.", call->argv[1]);
    if (open_guest("shell", words.machine, &guest, err) < 0)
        return -error_code(*err);
    session_environment(options, true, &environment);

    struct session session = {
        .entry = {
            .guest = &guest, .user = words.user, .argv = call->argc > 1 ? call->argv + 1 : NULL, .program_fd = -1,
            .environment = &environment, .working_directory = options->chdir,
        },
        .has_terminal = true,
        .by_manager = true,
        .tells = !options->quiet,
        .find_shell = brought_shell,
    };
    int r = session_run(&session, ret_status, err);
    fd_closep(&session.entry.program_fd);
    return r;
}

int verb_login(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    CLEANUP(strings_done) struct strings environment = {0};

    if (open_guest("login", call->argc > 0 ? call->argv[0] : NULL, &guest, err) < 0)
        return -error_code(*err);
    session_environment(options, true, &environment);
    return login_run(&guest, &environment, !options->quiet, ret_status, err);
}
