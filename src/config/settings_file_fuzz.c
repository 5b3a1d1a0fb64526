/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* .nspawn files: trusted or not, in each mode, on top of a command line that speaks of every group. */
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/settings.h"
#include "config/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(const uint8_t *data, size_t size, bool trusted, enum settings_mode mode, bool speaks)
{
    static char *words[] = {"redd", "-D/srv/web", "-U", "-n", "--bind=/x", "--capability=CAP_BPF", "--rlimit=NOFILE=3",
                            "true"};
    auto_error struct error *err = NULL;
    CLEANUP(settings_done) struct settings settings = {0};
    CLEANUP(spec_done) struct spec spec;
    enum argv_action action;

    spec_init(&spec);
    if (settings_read_argv(&settings, speaks ? (int) COUNT_OF(words) : 2, words, &action, &err) < 0)
        abort();
    if (settings_parse_file(&settings, "fuzz", (const char *) data, size, trusted, &err) < 0)
        return;
    if (settings_apply(&settings, mode, &spec, &err) < 0)
        abort(); /* each value was found good when it was read */
    /* an untrusted file cannot take away what isolates */
    if (!trusted && speaks && (spec.userns != USERNS_PICK || !spec.veth || spec.n_mounts != 1))
        abort();
    (void) spec_resolve(&spec, true, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_set_level(LOG_LEVEL_ERROR);
    for (int i = 0; i < 8; i++)
        read_file(data, size, i & 1, i & 2 ? SETTINGS_OVERRIDE : SETTINGS_YES, i & 4);
    return 0;
}
