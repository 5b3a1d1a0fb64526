/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one front door. Which of its names it was called by decides what it answers to. */
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "cli/small_shell.h"
#include "cli/verb.h"
#include "enter/brought.h"

int main(int argc, char **argv)
{
    const char *name = argc > 0 ? path_last(argv[0]) : "redd";

    log_set_level_from_environment();
    if (strcmp(name, BROUGHT_SHELL) == 0)
        return small_shell_run();
    if (strcmp(name, "systemd-nspawn") == 0)
        return verb_run(argc, argv);
    if (strcmp(name, "machinectl") == 0)
        return verb_main(PROGRAM_MACHINECTL, argc, argv);
    if (strcmp(name, "importctl") == 0)
        return verb_main(PROGRAM_IMPORTCTL, argc, argv);
    return verb_main(PROGRAM_REDD, argc, argv);
}
