/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits, capabilities, ids and system calls, one call of the kernel after another; when is for the caller to say. */
#include "inside/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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
#include "inside/user.h"

/* Limits are those the kernel gives to the first process at boot, not what our caller happens to have. What it reckons
 * from the host's memory is taken from the host's PID 1; of RLIMIT_NOFILE the hard limit, where that is less. */
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

static struct rlimit limit_of(const struct spec *spec, const struct rlimit *first, size_t i)
{
    struct rlimit limit = {default_limits[i].soft, default_limits[i].hard};
    const struct resource_limit *asked = &spec->limits[default_limits[i].resource];

    if (asked->set)
        return asked->value;
    if (default_limits[i].source == FROM_PID_1) {
        const struct rlimit *its = &first[default_limits[i].resource];

        if (default_limits[i].resource == RLIMIT_NOFILE)
            limit.rlim_max = its->rlim_max < limit.rlim_max ? its->rlim_max : limit.rlim_max;
        else
            limit = *its;
    }
    return limit;
}

/* The limits that only the host's first process can tell; its unreadable ones stay ours. */
void confine_read_first_limits(struct rlimit ret[RESOURCE_LIMITS])
{
    for (size_t i = 0; i < COUNT_OF(default_limits); i++) {
        int resource = default_limits[i].resource;

        if (default_limits[i].source == FROM_PID_1 && prlimit(1, resource, NULL, &ret[resource]) < 0)
            (void) getrlimit(resource, &ret[resource]);
    }
}

int confine_limits(const struct spec *spec, const struct rlimit first[RESOURCE_LIMITS], struct error **err)
{
    for (size_t i = 0; i < COUNT_OF(default_limits); i++)
        if (set_limit(default_limits[i].resource, limit_of(spec, first, i), err) < 0)
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

int confine_keyring(struct error **err)
{
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 && errno != ENOSYS && errno != EPERM)
        return fail(err, errno, "cannot make a session keyring");
    /* a kernel without audit has no such file */
    (void) file_write_existing(AT_FDCWD, "/proc/self/loginuid", "4294967295");
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

int confine_capabilities(const struct spec *spec, uid_t uid, uint64_t ambient, struct error **err)
{
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
    r = capabilities_set(have, have, uid == 0 ? keep : ambient & keep);
    return r < 0 ? fail(err, -r, "cannot set the inheritable capabilities") : 0;
}

static int raise_ambient(uint64_t set, struct error **err)
{
    for (unsigned cap = 0; cap < 64; cap++)
        if (set & UINT64_C(1) << cap && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return fail(err, errno, "cannot make capability %u ambient", cap);
    return 0;
}

int confine_user(const struct spec *spec, const struct user *user, uint64_t ambient, bool in_userns,
                 struct error **err)
{
    if (user->uid != 0 || user->gid != 0 || user->n_groups > 0) {
        /* kept over the change of ids for the filter's sake; exec() by another user than root clears them all */
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || sys_setgroups(user->n_groups, user->groups) < 0 ||
            sys_setresgid(user->gid) < 0 || sys_setresuid(user->uid) < 0)
            return fail(err, errno, "cannot become user %u", user->uid);

        uint64_t have = 0;
        if (capabilities_get(&have) < 0 ||
            capabilities_set(have, have, user->uid == 0 ? spec->capabilities & have : ambient & have) < 0)
            return fail(err, errno, "cannot keep capabilities for the last steps");
    } else if (!in_userns && sys_setgroups(0, NULL) < 0)
        return fail(err, errno, "cannot leave the caller's groups");
    if (raise_ambient(ambient, err) < 0)
        return -error_code(*err);
    if (spec->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(err, errno, "cannot set no-new-privileges");
    return 0;
}

int confine_system_calls(const struct spec *spec, struct error **err)
{
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

    const struct sock_filter *ready = seccomp_ready(&request, &n);
    if (ready)
        return seccomp_apply(ready, n, spec->seccomp_log, err);
    if (seccomp_build(&request, program, COUNT_OF(program), &n, err) < 0)
        return -error_code(*err);
    return seccomp_apply(program, n, spec->seccomp_log, err);
}

/* The signals that are ignored (proc(5), "SigIgn"), bit 0 for signal 1. A caller's choice (nohup, a shell's background
 * job) is inherited over exec, and that no handler of ours exists leaves only these to be reset. */
uint64_t confine_read_ignored_signals(void)
{
    char text[4096];
    auto_close int fd = file_open("/proc/self/status", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (n <= 0)
        return UINT64_MAX;
    text[n] = '\0';

    const char *line = strstr(text, "\nSigIgn:");
    return line ? strtoull(line + strlen("\nSigIgn:"), NULL, 16) : UINT64_MAX;
}

/* The calls themselves, since C libraries keep the first real-time signals from their users. */
void confine_signals(uint64_t ignored)
{
    uint64_t none = 0;
    const uint64_t as_default[4] = {0};         /* struct sigaction of the kernel: SIG_DFL, no flags, no mask */

    for (int sig = 1; sig <= 64; sig++)
        if (ignored & UINT64_C(1) << (sig - 1) && sig != SIGKILL && sig != SIGSTOP)
            (void) syscall(SYS_rt_sigaction, sig, as_default, NULL, sizeof none);
    (void) syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}
