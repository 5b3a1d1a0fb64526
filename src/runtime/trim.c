/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Being small while waiting: what only the start needed is given back, so that hundreds of supervisors fit a small
 * host. */
#include <signal.h>
#include <sys/wait.h>
#include <errno.h>

#include "base/fd.h"
#include "runtime/run_state.h"

void run_trim(struct run *run)
{
    /* the mounts live on in the container; only the descriptors of their detached form go */
    step_mounts_close(run);
    step_integration_close(run);
    fd_closep(&run->dev_fd);
    fd_closep(&run->devpts_fd);
    fd_closep(&run->run_fd);
    fd_closep(&run->sys_fd);
    fd_closep(&run->os_release_fd);
    fd_closep(&run->incoming_fd);
    fd_closep(&run->unix_export_fd);
    fd_closep(&run->root_fd);
    fd_closep(&run->userns_fd);
    step_netns_close(run);
}

void run_reap(struct run *run)
{
    while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    run->pid = 0;
}
