/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the words of a command line to a session. */
#include "cli/session_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/verb.h"

void session_words_read(const char *text, const char *uid, struct session_words *ret)
{
    const char *at = text ? strchr(text, '@') : NULL;

    *ret = (struct session_words){
        .machine = mem_copy_string(at ? at + 1 : text),
        .user = at && at > text ? mem_copy_bytes(text, (size_t) (at - text)) : mem_copy_string(uid),
    };
}

void session_words_done(struct session_words *words)
{
    free(TAKE(words->machine));
    free(TAKE(words->user));
}

void session_environment(const struct verb_options *options, bool has_terminal, struct strings *ret)
{
    static const char *const passed[] = {"TERM", "COLORTERM", "NO_COLOR"};

    for (size_t i = 0; has_terminal && i < COUNT_OF(passed); i++)
        if (getenv(passed[i]))
            strings_add_format(ret, "%s=%s", passed[i], getenv(passed[i]));
    for (size_t i = 0; i < options->environment.count; i++)
        environment_set(ret, options->environment.item[i]);
}

int fail_no_command(const struct verb_call *call, struct error **err)
{
    int r = fail_plain(err, EINVAL, "no command for machine '%s'", call->argv[0]);

    fail_id(*err, "R4200");
    fail_hint(*err, "as in: redd %s %s; 'redd shell' opens a shell", call->verb->name, call->verb->synopsis);
    return r;
}
