/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "base/fd.h"

int netns_enter(int netns_fd, int *ret_own_fd, struct error **err)
{
    auto_close int own_fd = file_open("/proc/self/ns/net", O_RDONLY);

    if (own_fd < 0)
        return fail(err, errno, "cannot open /proc/self/ns/net");
    if (setns(netns_fd, CLONE_NEWNET) < 0)
        return fail(err, errno, "cannot look into the container's network namespace");
    *ret_own_fd = take_fd(&own_fd);
    return 0;
}

int netns_leave(int *own_fd, struct error **err)
{
    int code = setns(*own_fd, CLONE_NEWNET) < 0 ? errno : 0;

    fd_closep(own_fd);
    if (code == 0)
        return 0;
    error_freep(err);
    return fail(err, code, "cannot come back from the container's network namespace");
}
