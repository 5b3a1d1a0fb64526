/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines: the input is cut into words at NULs, read, applied and resolved, as root and as a user. */
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/machine_name.h"
#include "config/settings.h"
#include "config/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MOST = 64 };

static void resolve(struct settings *settings, bool privileged)
{
    auto_error struct error *err = NULL;
    CLEANUP(spec_done) struct spec spec;

    spec_init(&spec);
    if (settings_apply(settings, SETTINGS_YES, &spec, &err) < 0)
        abort();                /* each value was found good when it was read */
    if (spec_resolve(&spec, privileged, &err) == 0 &&
        (!machine_name_is_valid(spec.machine) || !machine_name_is_valid(spec.hostname)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = mem_copy_bytes(data, size);
    auto_error struct error *err = NULL;
    CLEANUP(settings_done) struct settings settings = {0};
    enum argv_action action;
    char *argv[WORDS_MOST + 1] = {"redd"};
    int argc = 1;

    for (size_t at = 0; at < size && argc < WORDS_MOST; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    log_set_level(LOG_LEVEL_ERROR);
    if (settings_read_argv(&settings, argc, argv, &action, &err) < 0 || action != ARGV_RUN)
        return 0;
    resolve(&settings, true);
    resolve(&settings, false);
    return 0;
}
