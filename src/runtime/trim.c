/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Being small while waiting: what only the start needed is given back, so that hundreds of supervisors fit a small
 * host. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/run_state.h"

/* The child ran on this stack, too (launch.c), and reached deeper than we will again. What is near stays, as the next
 * calls use it; so much below is always mapped: the kernel gives a new program 128 KiB. Not to be inlined: the frame
 * asked for would be that of a caller, which may be large. */
__attribute__((noinline)) static void trim_stack(void)
{
    enum { KEPT = 8 << 10, TRIMMED = 64 << 10 };
    uintptr_t here = (uintptr_t) __builtin_frame_address(0);
    uintptr_t end = (here - KEPT) & ~((uintptr_t) getpagesize() - 1);

    (void) madvise((void *) (end - TRIMMED), TRIMMED, MADV_DONTNEED);
}

void run_trim(struct run *run)
{
    trim_stack();
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
