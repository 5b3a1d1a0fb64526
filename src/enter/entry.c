/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way in, step by step. Nothing in here waits for the machine, and nothing it may have prepared is trusted: the
 * process is the host's root until it has joined, so up to there it touches only descriptors that were made outside.
 */
#include "enter/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup_limit.h"
#include "base/clone.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "enter/identity.h"
#include "inside/confine.h"
#include "inside/program.h"
#include "inside/user.h"

enum { ERROR_SIZE = 4096, LEAF_TRIES = 100 };

#define LEAF "redd-exec"

/* What the child has to say. */
struct outcome {
    bool has_begun;             /* the kernel can kill it before, for a group that was told to kill long ago */
    bool failed;
    bool is_exec;               /* all was ready: it is the program that could not be run */
    size_t length;
    char error[ERROR_SIZE];
};

/* OWN, where the child shares our memory; or NULL. */
static struct outcome *outcome_open(struct outcome *own)
{
    void *shared = own;

    if (!CLONE_SHARE_MEMORY)
        shared = mmap(NULL, sizeof *own, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return NULL;

    struct outcome *outcome = shared;
    outcome->has_begun = outcome->failed = outcome->is_exec = false;
    return outcome;
}

static void outcome_close(struct outcome *outcome, const struct outcome *own)
{
    if (outcome && outcome != own)
        (void) munmap(outcome, sizeof *outcome);
}

struct job {
    const struct entry *entry;
    struct user user;
    bool user_is_known;
    struct rlimit first_limits[RESOURCE_LIMITS];
    int caller_fd;              /* pidfd of the caller */
    bool is_in_leaf;
    struct outcome *outcome;    /* in memory that both see */
};

/* -- what the child does outside -- */

/* There is no room for a leaf (a threaded group, a limit of groups), or the kernel cannot clone into it. */
static int join_payload(int cgroup_fd, struct error **err)
{
    int r = file_write_existing(cgroup_fd, "cgroup.procs", "0");

    return r < 0 ? fail(err, -r, "cannot join the machine's cgroup") : 0;
}

static int join_namespaces(const struct guest *guest, struct error **err)
{
    int spaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;

    /* our own user namespace cannot be joined anew */
    if (guest->has_userns)
        spaces |= CLONE_NEWUSER;
    if (setns(guest->leader_fd, spaces) < 0) {
        int r = fail(err, errno, "cannot join the namespaces of machine '%s'", guest->state.name);

        if (r == -ESRCH)
            fail_hint(*err, "it has just ended");
        return r;
    }
    if (fchdir(guest->root_fd) < 0 || chroot(".") < 0)
        return fail(err, errno, "cannot change to the root of machine '%s'", guest->state.name);
    if (guest->has_userns && (sys_setresgid(0) < 0 || sys_setgroups(0, NULL) < 0 || sys_setresuid(0) < 0))
        return fail(err, errno, "cannot become root of machine '%s'", guest->state.name);
    return 0;
}

/* Dies with the caller, also when that one died before we could ask for it. */
static void follow_caller(const struct job *job)
{
    struct pollfd caller = {.fd = job->caller_fd, .events = POLLIN};

    if (job->entry->ends_with_caller && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && poll(&caller, 1, 0) > 0)
        _exit(ENTRY_FAILED);
}

/* -- what it does inside -- */

static int take_descriptors(const struct job *job, struct error **err)
{
    const struct entry *entry = job->entry;

    if (setsid() < 0 && errno != EPERM)
        return fail(err, errno, "cannot start a session");
    for (int fd = 0; fd <= 2; fd++)
        if (entry->fds[fd] == fd ? fcntl(fd, F_SETFD, 0) < 0 : dup2(entry->fds[fd], fd) < 0)
            return fail(err, errno, "cannot connect descriptor %d", fd);
    if (!entry->has_terminal)
        return 0;
    if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
        return fail(err, errno, "cannot take the terminal");
    if (fchown(STDIN_FILENO, job->user.uid, job->user.gid) < 0)
        return fail(err, errno, "cannot give the terminal to user '%s'", job->user.name);
    return 0;
}

static int limit(const struct job *job, struct error **err)
{
    const struct spec *confinement = &job->entry->guest->confinement;

    if (confine_keyring(err) < 0)
        return -error_code(*err);
    if (job->entry->guest->is_host)
        return 0;
    if (confine_limits(confinement, job->first_limits, err) < 0)
        return -error_code(*err);
    if (confinement->personality != ULONG_MAX && personality(confinement->personality) < 0)
        return fail(err, errno, "the kernel refuses the personality");
    return 0;
}

static int change_folder(const struct job *job, struct error **err)
{
    const char *folder = job->entry->working_directory;

    (void) umask(0022);
    if (!folder) {
        /* a missing home is tolerated */
        if (chdir(job->user.home) < 0)
            (void) chdir("/");
        return 0;
    }
    if (chdir(folder) == 0)
        return 0;

    int r = fail(err, errno, "no folder %s in machine '%s'", folder, guest_name(job->entry->guest));
    fail_id(*err, "R4204");
    fail_hint(*err, "--chdir= names a folder inside the machine");
    return r;
}

static int drop_privileges(const struct job *job, struct error **err)
{
    const struct guest *guest = job->entry->guest;
    const struct spec *confinement = &guest->confinement;

    confine_signals(job->entry->ignored_signals);
    if (sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        return fail(err, errno, "cannot close inherited file descriptors");
    if (guest->is_host) {
        if (identity_become(&job->user, err) < 0)
            return -error_code(*err);
        follow_caller(job);
        return 0;
    }
    if (confine_capabilities(confinement, job->user.uid, 0, err) < 0 ||
        confine_user(confinement, &job->user, 0, guest->has_userns, err) < 0)
        return -error_code(*err);
    /* the change of ids cleared it */
    follow_caller(job);
    return confinement->seccomp ? confine_system_calls(confinement, err) : 0;
}

static int confine_getent(void *data)
{
    const struct job *job = data;
    const struct spec *confinement = &job->entry->guest->confinement;
    auto_error struct error *ignored = NULL;

    return confinement->seccomp ? confine_system_calls(confinement, &ignored) : 0;
}

static int become_program(struct job *job, struct error **err)
{
    const struct entry *entry = job->entry;
    CLEANUP(strings_done) struct strings environment = {0};

    if (!job->user_is_known && identity_ask(entry->guest, entry->user, confine_getent, job, &job->user, err) < 0)
        return -error_code(*err);
    identity_environment(&job->user, entry->environment, &environment);
    if (take_descriptors(job, err) < 0 || limit(job, err) < 0 || change_folder(job, err) < 0 ||
        drop_privileges(job, err) < 0)
        return -error_code(*err);

    job->outcome->is_exec = true;
    if (entry->program_fd >= 0) {
        (void) sys_execve_fd(entry->program_fd, entry->argv, environment.item);
        return fail(err, errno, "cannot run the program that redd brings along");
    }
    if (entry->argv)
        return program_exec(entry->guest->root_fd, entry->argv, &environment, err);
    return identity_exec_shell(&job->user, &environment, err);
}

static int child_main(void *data)
{
    struct job *job = data;
    const struct guest *guest = job->entry->guest;
    struct error *err = NULL;
    int r = 0;

    job->outcome->has_begun = true;
    follow_caller(job);
    if (guest->cgroup_fd >= 0 && !job->is_in_leaf)
        r = join_payload(guest->cgroup_fd, &err);
    if (r == 0 && guest->state.cgroup)
        cgroup_limit_join(guest->state.cgroup);
    if (r == 0 && !guest->is_host)
        r = join_namespaces(guest, &err);
    if (r == 0)
        (void) become_program(job, &err);
    job->outcome->failed = true;
    job->outcome->length = error_pack(err, job->outcome->error, sizeof job->outcome->error);
    err = error_free(err);
    clone_exit(ENTRY_FAILED);
}

/* -- the caller's side -- */

static int find_user(struct job *job, struct error **err)
{
    const struct entry *entry = job->entry;
    int r = identity_find(entry->guest->root_fd, entry->user, &job->user, err);

    job->user_is_known = r == 0;
    if (r != -ESRCH)
        return r;
    *err = error_free(*err);    /* what is in no file may still be known to a program in there */
    return 0;
}

/* One leaf for all who enter, made by the first of them and gone with the machine. Beside the groups that the machine's
 * own init made, not in one of them: it knows what it put there. */
static int open_leaf(int cgroup_fd)
{
    int fd = openat(cgroup_fd, LEAF, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 || errno != ENOENT)
        return fd < 0 ? -errno : fd;
    if (mkdirat(cgroup_fd, LEAF, 0755) < 0 && errno != EEXIST)
        return -errno;
    fd = openat(cgroup_fd, LEAF, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Into the leaf at once: moving a process that exists makes the kernel wait for all processors. */
static pid_t clone_into_leaf(struct job *job, int *ret_pidfd)
{
    int cgroup_fd = job->entry->guest->cgroup_fd, r = -ENOENT;

    /* the machine's root may remove what is empty between our opening and our joining it */
    for (int i = 0; i < LEAF_TRIES && (r == -ENOENT || r == -ENODEV); i++) {
        auto_close int leaf_fd = open_leaf(cgroup_fd);
        struct clone_args arguments = {
            .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_INTO_CGROUP,
            .exit_signal = SIGCHLD,
            .pidfd = (uint64_t) (uintptr_t) ret_pidfd,
            .cgroup = (uint64_t) leaf_fd,
        };
        job->is_in_leaf = true;
        r = leaf_fd < 0 ? leaf_fd : clone_call(&arguments, child_main, job);
    }
    return r;
}

static pid_t clone_child(struct job *job, int *ret_pidfd)
{
    pid_t pid = -ENOSYS;

    if (CLONE_SHARE_MEMORY != 0 && job->entry->guest->cgroup_fd >= 0)
        pid = clone_into_leaf(job, ret_pidfd);
    if (pid >= 0 && job->outcome->has_begun)
        return pid;
    if (pid >= 0) {
        (void) waitpid(pid, NULL, 0);
        fd_closep(ret_pidfd);
    }
    job->is_in_leaf = false;

    char *stack = clone_stack_make();
    if (!stack)
        return -ENOMEM;
    pid = clone_call_old(CLONE_SHARE_MEMORY | CLONE_VFORK | CLONE_PIDFD, stack, child_main, job, ret_pidfd);
    (void) munmap(stack, CLONE_STACK_SIZE);
    return pid;
}

static int make_child(struct job *job, struct entered *ret, struct error **err)
{
    int pidfd = -1;

    /* Its memory is ours, and nobody in the machine may look at either before it has become the program. */
    (void) prctl(PR_SET_DUMPABLE, 0);
    pid_t pid = clone_child(job, &pidfd);
    if (pid < 0) {
        int r = fail(err, -pid, "cannot make a process in machine '%s'", guest_name(job->entry->guest));

        if (r == -ENOMEM)
            fail_hint(*err, "it has just ended");
        return r;
    }
    if (job->outcome->failed) {
        (void) waitpid(pid, NULL, 0);
        (void) close(pidfd);
        return error_unpack(err, job->outcome->error, job->outcome->length);
    }
    *ret = (struct entered){.pid = pid, .pidfd = pidfd};
    return 0;
}

static int start(struct job *job, struct entered *ret, struct error **err)
{
    const struct guest *guest = job->entry->guest;

    if (find_user(job, err) < 0)
        return -error_code(*err);
    confine_read_first_limits(job->first_limits);
    if (job->entry->ends_with_caller && (job->caller_fd = sys_pidfd_open(getpid(), 0)) < 0)
        return fail(err, errno, "cannot open our own process");
    /* for children only: this process stays where it is */
    if (!guest->is_host && setns(guest->leader_fd, CLONE_NEWPID) < 0) {
        int r = fail(err, errno, "cannot join the processes of machine '%s'", guest->state.name);

        if (r == -EPERM)
            fail_hint(*err, "entering a machine needs root; use sudo");
        return r;
    }
    return make_child(job, ret, err);
}

int entry_start(const struct entry *entry, struct entered *ret, int *ret_status, struct error **err)
{
    struct outcome own;
    struct job job = {.entry = entry, .caller_fd = -1, .outcome = outcome_open(&own)};
    int r = job.outcome ? start(&job, ret, err) : fail(err, ENOMEM, "cannot make room for what a new process says");

    if (r < 0) {
        bool is_exec = job.outcome && job.outcome->is_exec;

        *ret_status = !is_exec ? ENTRY_FAILED : r == -ENOENT ? ENTRY_NOT_FOUND : ENTRY_NOT_EXECUTABLE;
    }
    outcome_close(job.outcome, &own);
    fd_closep(&job.caller_fd);
    user_done(&job.user);
    return r;
}
