/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the payload may do: limits, capabilities, user, system calls. Everything here happens in the child, and the
 * order is fixed by the plan: ids and capabilities are arranged so that exec() itself takes away the last of our own
 * privileges, and the system call filter can be the very last thing before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "inside/seccomp.h"
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

/*
 * Limits are those the kernel gave to the first process at boot, not what our caller happens to have.
 * 0: take the value of the host's PID 1.
 */
enum { FROM_PID_1 = 1 };
static const struct {
    int resource;
    rlim_t soft, hard;
    int source;
} default_limits[] = {
    {RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY, 0},
    {RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY, 0},
    {RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY, 0},
    {RLIMIT_STACK, 8 << 20, RLIM_INFINITY, 0},
    {RLIMIT_CORE, 0, RLIM_INFINITY, 0},
    {RLIMIT_RSS, RLIM_INFINITY, RLIM_INFINITY, 0},
    {RLIMIT_NPROC, 0, 0, FROM_PID_1},
    {RLIMIT_NOFILE, 1024, 524288, FROM_PID_1},
    {RLIMIT_MEMLOCK, 8 << 20, 8 << 20, 0},
    {RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY, 0},
    {RLIMIT_LOCKS, RLIM_INFINITY, RLIM_INFINITY, 0},
    {RLIMIT_SIGPENDING, 0, 0, FROM_PID_1},
    {RLIMIT_MSGQUEUE, 819200, 819200, 0},
    {RLIMIT_NICE, 0, 0, 0},
    {RLIMIT_RTPRIO, 0, 0, 0},
    {RLIMIT_RTTIME, RLIM_INFINITY, RLIM_INFINITY, 0},
};

/* Without CAP_SYS_RESOURCE a hard limit cannot be raised: then as much as can be had, as the reference does. */
static int set_limit(int resource, struct rlimit wanted, struct error **err)
{
    struct rlimit now;

    if (setrlimit(resource, &wanted) == 0)
        return 0;
    if (errno != EPERM || getrlimit(resource, &now) < 0)
        return fail(err, errno, "cannot set resource limit %d", resource);
    if (wanted.rlim_max > now.rlim_max)
        wanted.rlim_max = now.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max)
        wanted.rlim_cur = wanted.rlim_max;
    return setrlimit(resource, &wanted) < 0 ? fail(err, errno, "cannot set resource limit %d", resource) : 0;
}

static struct rlimit limit_of(const struct run *run, size_t i)
{
    struct rlimit limit = {default_limits[i].soft, default_limits[i].hard};
    const struct resource_limit *asked = &run->spec->limits[default_limits[i].resource];

    if (asked->set)
        return asked->value;
    if (default_limits[i].source == FROM_PID_1) {
        const struct rlimit *first = &run->pid1_limits[default_limits[i].resource];

        if (default_limits[i].resource == RLIMIT_NOFILE)
            limit.rlim_max = first->rlim_max < limit.rlim_max ? first->rlim_max : limit.rlim_max;
        else
            limit = *first;
    }
    return limit;
}

int step_limits_set(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;

    for (size_t i = 0; i < COUNT_OF(default_limits); i++)
        if (set_limit(default_limits[i].resource, limit_of(child->run, i), err) < 0)
            return -error_code(*err);
    if (spec->affinity_given && sched_setaffinity(0, sizeof spec->affinity, &spec->affinity) < 0) {
        int r = fail(err, errno, "cannot set the CPU affinity");

        fail_hint(*err, "at least one of the CPUs must be online and allowed here; see /sys/devices/system/cpu/online");
        return r;
    }
    if (spec->oom_score_given) {
        auto_free char *text = mem_format("%d", spec->oom_score_adjust);
        int r = file_write_existing(AT_FDCWD, "/proc/self/oom_score_adj", text);

        if (r == -EACCES)       /* lowering needs CAP_SYS_RESOURCE */
            return fail(err, EACCES, "cannot lower the OOM score to %d without CAP_SYS_RESOURCE",
                        spec->oom_score_adjust);
        if (r < 0)
            return fail(err, -r, "cannot set the OOM score to %d", spec->oom_score_adjust);
    }
    return 0;
}

int step_keyring_join(struct child *child, struct error **err)
{
    (void) child;
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 && errno != ENOSYS && errno != EPERM)
        return fail(err, errno, "cannot make a session keyring");
    /* a kernel without audit has no such file */
    (void) file_write_existing(AT_FDCWD, "/proc/self/loginuid", "4294967295");
    return 0;
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

static int capabilities_get(uint64_t *permitted)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    *permitted = data[0].permitted | (uint64_t) data[1].permitted << 32;
    return 0;
}

static int capabilities_set(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t) effective, (uint32_t) permitted, (uint32_t) inheritable},
        {(uint32_t) (effective >> 32), (uint32_t) (permitted >> 32), (uint32_t) (inheritable >> 32)},
    };

    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int step_capabilities_drop(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;
    uint64_t have = 0;
    int r = capabilities_get(&have);

    if (r < 0)
        return fail(err, -r, "cannot read our own capabilities");

    uint64_t keep = spec->capabilities & have;
    for (unsigned cap = 0; cap < 64; cap++) {
        if (keep & UINT64_C(1) << cap)
            continue;
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
            continue;
        if (errno == EINVAL)
            break;              /* past the kernel's last one */
        return fail(err, errno, "cannot drop capability %u", cap);
    }
    /* exec() gives root what is in the bounding set, so inheritable alone is still to be arranged */
    r = capabilities_set(have, have, child->uid == 0 ? keep : spec->ambient_capabilities & keep);
    return r < 0 ? fail(err, -r, "cannot set the inheritable capabilities") : 0;
}

static int raise_ambient(uint64_t set, struct error **err)
{
    for (unsigned cap = 0; cap < 64; cap++)
        if (set & UINT64_C(1) << cap && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return fail(err, errno, "cannot make capability %u ambient", cap);
    return 0;
}

int step_user_become(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;

    if (child->uid != 0 || child->gid != 0 || child->user.n_groups > 0) {
        /* kept over the change of ids for the filter's sake; exec() by another user than root clears them all */
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || sys_setgroups(child->user.n_groups, child->user.groups) < 0 ||
            sys_setresgid(child->gid) < 0 || sys_setresuid(child->uid) < 0)
            return fail(err, errno, "cannot become user %u", child->uid);

        uint64_t have = 0;
        uint64_t ambient = spec->ambient_capabilities;
        if (capabilities_get(&have) < 0 ||
            capabilities_set(have, have, child->uid == 0 ? spec->capabilities & have : ambient & have) < 0)
            return fail(err, errno, "cannot keep capabilities for the last steps");
    } else if (!child->run->has_userns && sys_setgroups(0, NULL) < 0)
        return fail(err, errno, "cannot leave the caller's groups");
    if (raise_ambient(spec->ambient_capabilities, err) < 0)
        return -error_code(*err);
    if (spec->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(err, errno, "cannot set no-new-privileges");
    /* cleared by the change of ids */
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    return 0;
}

int step_system_calls_filter(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;
    struct sock_filter program[BPF_MAXINSNS];
    const struct seccomp_request request = {
        .capabilities = spec->capabilities,
        .allowed = &spec->syscalls_allowed,
        .denied = &spec->syscalls_denied,
        .families_given = spec->families_given,
        .families_deny = spec->families_deny,
        .families = spec->families,
        .n_families = spec->n_families,
        .suppress_sync = spec->suppress_sync,
    };
    size_t n;

    if (seccomp_build(&request, program, COUNT_OF(program), &n, err) < 0)
        return -error_code(*err);
    return seccomp_apply(program, n, spec->seccomp_log, err);
}
