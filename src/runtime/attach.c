/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What needs the child's pid before it goes on: a scope of the service manager. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/run_state.h"

int step_scope_allocate(struct run *run, struct error **err)
{
    const struct run_host *host = run->host;
    char *path = NULL;

    if (!host->allocate_scope)
        return 0;
    if (host->allocate_scope(host->data, run->spec, run->pid, &path, err) < 0)
        return -error_code(*err);
    /* no service manager, or one that gives none: the group made before stays */
    return path ? cgroup_adopt(run, path, err) : 0;
}
