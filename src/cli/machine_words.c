/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/machine_words.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cli/run_host.h"
#include "machine/log.h"

static void make_host(struct machine_state *ret)
{
    *ret = (struct machine_state){
        .name = mem_copy_string(".host"), .class = mem_copy_string("host"), .root = mem_copy_string("/"), .leader = 1};
}

int machine_look_up(const struct verb_call *call, const char *name, struct machine_state *ret, struct error **err)
{
    const struct registry registry = host_registry();
    CLEANUP(last_run_done) struct last_run last = {0};
    auto_error struct error *unknown = NULL;

    if (strcmp(name, ".host") == 0) {
        make_host(ret);
        return 0;
    }
    if (registry_get(&registry, name, ret, err) == 0)
        return 0;
    if (error_code(*err) != ENXIO)
        return -error_code(*err);
    error_freep(err);
    if (call->program == PROGRAM_MACHINECTL)
        fail_plain(err, ENXIO, "Could not get path to machine: No machine '%s' known", name);
    else
        fail_plain(err, ENXIO, "No machine '%s' known", name);
    fail_id(*err, "R4043");
    if (!strchr(name, '/') && last_run_read(MACHINE_LOG_FOLDER, name, &last, &unknown) == 0 && last.text)
        fail_hint(*err, "'redd start %s' starts it; its last run: %s (see 'redd why %s')", name, last.text, name);
    else
        fail_hint(*err,
                  "'redd start %s' starts it, if there is an image of that name; 'redd list' shows those that run",
                  name);
    return -ENXIO;
}
