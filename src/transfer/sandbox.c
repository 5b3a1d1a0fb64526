/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Root directory, user, capabilities, landlock, system calls, in this order: each step needs what the next takes away.
 * Called by worker.c in the new process, which has one thread.
 */
#include "transfer/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "transfer/rootless.h"

#define NOBODY 65534
#define BIT(capability) (1ull << (capability))

struct profile {
    uint64_t capabilities;
    bool enters_root;           /* the tree becomes the root */
    bool becomes_nobody;        /* no capability is needed, so no user of the host either */
    bool opens_files;
    bool only_reads;
    bool uses_network;
};

/* clang-format off */
static const struct profile profiles[] = {
    [SANDBOX_COMPUTE] = {.becomes_nobody = true},
    /* files of any owner and mode; attributes of the kind "trusted" need CAP_SYS_ADMIN: they are left out */
    [SANDBOX_PACK] = {.capabilities = BIT(CAP_DAC_READ_SEARCH), .enters_root = true, .opens_files = true},
    [SANDBOX_UNPACK] = {
        .capabilities = BIT(CAP_CHOWN) |            /* owners as in the archive */
                        BIT(CAP_DAC_OVERRIDE) |     /* files in directories that are another's by now */
                        BIT(CAP_FOWNER) |           /* modes, times and ACLs of what is another's by now */
                        BIT(CAP_FSETID) |           /* set-group-id for groups we are not in */
                        BIT(CAP_MKNOD) |            /* device nodes */
                        BIT(CAP_SETFCAP),           /* capabilities of files */
        .enters_root = true, .opens_files = true},
    [SANDBOX_FETCH] = {.becomes_nobody = true, .opens_files = true, .only_reads = true, .uses_network = true},
};

/* Threads, memory, clocks, and work on descriptors that are there already. */
static const int calls_always[] = {
    SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(clone), SCMP_SYS(clone3),
    SCMP_SYS(close), SCMP_SYS(copy_file_range), SCMP_SYS(dup), SCMP_SYS(exit), SCMP_SYS(exit_group),
    SCMP_SYS(fadvise64), SCMP_SYS(fallocate), SCMP_SYS(fchmod), SCMP_SYS(fcntl), SCMP_SYS(fdatasync), SCMP_SYS(fstat),
    SCMP_SYS(fstatfs), SCMP_SYS(fsync), SCMP_SYS(ftruncate), SCMP_SYS(futex), SCMP_SYS(getegid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getpid), SCMP_SYS(getrandom), SCMP_SYS(gettid), SCMP_SYS(gettimeofday),
    SCMP_SYS(getuid), SCMP_SYS(lseek), SCMP_SYS(madvise), SCMP_SYS(membarrier), SCMP_SYS(mmap), SCMP_SYS(mprotect),
    SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(nanosleep), SCMP_SYS(newfstatat), SCMP_SYS(pipe2), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(prlimit64), SCMP_SYS(pwrite64), SCMP_SYS(pwritev),
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(restart_syscall), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list), SCMP_SYS(sigaltstack), SCMP_SYS(statx), SCMP_SYS(syncfs), SCMP_SYS(sysinfo),
    SCMP_SYS(tgkill), SCMP_SYS(time), SCMP_SYS(uname), SCMP_SYS(write), SCMP_SYS(writev),
};

static const int calls_looking[] = {
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fchdir), SCMP_SYS(fgetxattr),
    SCMP_SYS(flistxattr), SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(getxattr), SCMP_SYS(lgetxattr),
    SCMP_SYS(listxattr), SCMP_SYS(llistxattr), SCMP_SYS(lstat), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(stat), SCMP_SYS(statfs), SCMP_SYS(umask),
};

static const int calls_changing[] = {
    SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(fremovexattr), SCMP_SYS(fsetxattr),
    SCMP_SYS(linkat), SCMP_SYS(lremovexattr), SCMP_SYS(lsetxattr), SCMP_SYS(mkdirat), SCMP_SYS(mknodat),
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(removexattr), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(setxattr), SCMP_SYS(symlinkat), SCMP_SYS(unlinkat), SCMP_SYS(utimensat),
};

static const int calls_network[] = {
    SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2), SCMP_SYS(getpeername), SCMP_SYS(getsockname), SCMP_SYS(getsockopt),
    SCMP_SYS(ioctl), SCMP_SYS(pselect6), SCMP_SYS(recvfrom), SCMP_SYS(recvmmsg), SCMP_SYS(recvmsg), SCMP_SYS(select),
    SCMP_SYS(sendmmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
    SCMP_SYS(socket), SCMP_SYS(socketpair),
};
/* clang-format on */

static int enter_root(int root_fd, struct error **err)
{
    if (fchdir(root_fd) < 0 || chroot(".") < 0) {
        fail(err, errno, "cannot make the tree the root directory of the worker");
        fail_id(*err, "R5001");
        if (error_code(*err) == EPERM)
            fail_hint(*err, "it needs CAP_SYS_CHROOT: as root, or as a user with a range of ids in /etc/subuid and "
                            "/etc/subgid and the programs newuidmap and newgidmap (package uidmap)");
        return -error_code(*err);
    }
    return chdir("/") < 0 ? fail(err, errno, "cannot enter the worker's root directory") : 0;
}

int sandbox_become_nobody(struct error **err)
{
    if (geteuid() != 0)
        return 0;
    if (sys_setgroups(0, NULL) < 0 && errno != EPERM)
        return fail(err, errno, "cannot leave the groups");
    if (sys_setresgid(NOBODY) < 0 || sys_setresuid(NOBODY) < 0)
        /* EINVAL: the user namespace has no such id */
        return errno == EINVAL ? 0 : fail(err, errno, "cannot become nobody");
    return 0;
}

static int limit_capabilities(uint64_t keep, struct error **err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct have[2], want[2] = {0};

    if (syscall(SYS_capget, &header, have) < 0)
        return fail(err, errno, "cannot read the capabilities");
    for (int i = 0; i < 2; i++)
        want[i].effective = want[i].permitted = have[i].permitted & (uint32_t) (keep >> 32 * i);
    if (syscall(SYS_capset, &header, want) < 0)
        return fail(err, errno, "cannot drop capabilities");
    return 0;
}

/* Landlock is a second wall where there is one (Linux 5.13) and costs nothing in a process that opens no files. */
static void forbid_paths(void)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    auto_close int fd = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);

    if (fd >= 0)
        (void) syscall(SYS_landlock_restrict_self, fd, 0);
}

/* The second wall around a fetching worker, which reads files of the host (certificates, resolver). */
static void forbid_writing(void)
{
    struct landlock_ruleset_attr attr = {
        .handled_access_fs = ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) &
                             ~(uint64_t) (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)};
    auto_close int fd = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);

    if (fd >= 0)
        (void) syscall(SYS_landlock_restrict_self, fd, 0);
}

static int allow(scmp_filter_ctx filter, const int *calls, size_t n)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        if (calls[i] >= 0)      /* negative: this architecture has no such call */
            r = seccomp_rule_add_exact(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return r;
}

/* Opening for nothing but reading. openat2() has its flags in memory, where a filter cannot see them. */
static int allow_reading(scmp_filter_ctx filter)
{
    const scmp_datum_t change = O_ACCMODE | O_CREAT | O_TRUNC;
    int r = seccomp_rule_add_exact(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, change, O_RDONLY));

    if (r == 0 && SCMP_SYS(open) >= 0)
        r = seccomp_rule_add_exact(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                                   SCMP_A1(SCMP_CMP_MASKED_EQ, change, O_RDONLY));
    return r;
}

static int allow_files(scmp_filter_ctx filter, const struct profile *profile)
{
    int r = allow(filter, calls_looking, COUNT_OF(calls_looking));

    if (r == 0)
        r = profile->only_reads ? allow_reading(filter) : allow(filter, calls_changing, COUNT_OF(calls_changing));
    return r;
}

static int filter_calls(const struct profile *profile, struct error **err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int r = filter ? 0 : -ENOMEM;

    if (r == 0)
        r = allow(filter, calls_always, COUNT_OF(calls_always));
    if (r == 0 && profile->opens_files)
        r = allow_files(filter, profile);
    /* flags of files (copy on write, immutable) are ioctls */
    if (r == 0 && profile->enters_root)
        r = seccomp_rule_add_exact(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 0);
    if (r == 0 && profile->uses_network)
        r = allow(filter, calls_network, COUNT_OF(calls_network));
    /* searched as a tree: the calls of unpacking are made by the ten thousand */
    if (r == 0)
        (void) seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r < 0 ? fail(err, -r, "cannot load the worker's system call filter") : 0;
}

int sandbox_enter(enum sandbox_kind kind, int root_fd, int userns_fd, struct error **err)
{
    const struct profile *profile = &profiles[kind];

    (void) umask(0);
    if (profile->enters_root && userns_fd >= 0 && rootless_become_root_of(userns_fd, err) < 0)
        return -error_code(*err);
    if (profile->enters_root && enter_root(root_fd, err) < 0)
        return -error_code(*err);
    if (profile->becomes_nobody && sandbox_become_nobody(err) < 0)
        return -error_code(*err);
    if (limit_capabilities(profile->capabilities, err) < 0)
        return -error_code(*err);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(err, errno, "cannot forbid new privileges");
    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    /* once more: it was forgotten with the change of user */
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (kind == SANDBOX_COMPUTE)
        forbid_paths();
    if (kind == SANDBOX_FETCH)
        forbid_writing();
    return filter_calls(profile, err);
}
