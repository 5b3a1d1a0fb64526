/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the payload may do (inside/confine.h), its console and its descriptors. Everything here happens in the child,
 * in the order of the plan.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "inside/confine.h"
#include "runtime/run_state.h"

int step_console_take(struct child *child, struct error **err)
{
    const struct run *run = child->run;

    if (run->console_mode == CONSOLE_PIPE)
        return setsid() < 0 && errno != EPERM ? fail(err, errno, "cannot start a session") : 0;

    for (int fd = 0; fd <= 2; fd++)
        if (dup2(run->pty_peer_fd, fd) < 0)
            return fail(err, errno, "cannot connect the console");
    /* Under the stub init the session and the terminal belong to PID 2, which takes them itself. */
    if (run->spec->start == START_STUB_INIT)
        return 0;
    if (setsid() < 0 || ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
        return fail(err, errno, "cannot take the console as controlling terminal");
    return 0;
}

int step_limits_set(struct child *child, struct error **err)
{
    return confine_limits(child->run->spec, child->run->pid1_limits, err);
}

int step_keyring_join(struct child *child, struct error **err)
{
    (void) child;
    return confine_keyring(err);
}

/* Keeps 0-2 and what was handed over by LISTEN_FDS; everything else closes itself at exec, the handshake among it. */
int step_descriptors_close(struct child *child, struct error **err)
{
    unsigned n = child->run->n_listen_fds;

    for (unsigned fd = 3; fd < 3 + n; fd++)
        if (fcntl((int) fd, F_SETFD, 0) < 0)
            return fail(err, errno, "cannot pass on file descriptor %u of $LISTEN_FDS", fd);
    if (sys_close_range(3 + n, ~0u, CLOSE_RANGE_CLOEXEC) < 0)       /* Linux 5.11 */
        return fail(err, errno, "cannot close inherited file descriptors");
    return 0;
}

int step_capabilities_drop(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;

    return confine_capabilities(spec, child->user.uid, spec->ambient_capabilities, err);
}

int step_user_become(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;

    /* /dev/console and /dev/stderr are opened anew by many */
    if (child->run->console_mode != CONSOLE_PIPE && child->user.uid != 0 &&
        fchown(STDIN_FILENO, child->user.uid, child->user.gid) < 0)
        return fail(err, errno, "cannot give the console to %s", child->user.name);
    if (confine_user(spec, &child->user, spec->ambient_capabilities, child->run->has_userns, err) < 0)
        return -error_code(*err);
    /* cleared by the change of ids */
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    return 0;
}

int step_system_calls_filter(struct child *child, struct error **err)
{
    return confine_system_calls(child->run->spec, err);
}
