/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user namespace of the payload: its map, written from outside, and becoming root in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "runtime/run_state.h"

static int write_map(const struct run *run, const char *which, struct error **err)
{
    char path[48], map[48];

    (void) snprintf(path, sizeof path, "/proc/%d/%s", (int) run->pid, which);
    (void) snprintf(map, sizeof map, "0 %u %u\n", run->uid_base, run->uid_size);

    int r = file_write_existing(AT_FDCWD, path, map);
    if (r == 0)
        return 0;
    r = fail(err, -r, "cannot map ids 0-%u inside to %u-%u outside", run->uid_size - 1, run->uid_base,
             run->uid_base + run->uid_size - 1);
    if (r == -EPERM)
        fail_hint(*err,
                  "redd itself runs in a user namespace that has not these ids; choose a range listed in /proc/self/%s",
                  which);
    return r;
}

int step_ids_write_map(struct run *run, struct error **err)
{
    if (write_map(run, "uid_map", err) < 0 || write_map(run, "gid_map", err) < 0)
        return -error_code(*err);
    return 0;
}

int step_ids_become_root(struct child *child, struct error **err)
{
    (void) child;
    if (sys_setresgid(0) < 0 || sys_setgroups(0, NULL) < 0 || sys_setresuid(0) < 0)
        return fail(err, errno, "cannot become root of the user namespace");
    /* a change of ids clears it */
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    return 0;
}
