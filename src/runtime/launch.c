/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Launch: the clone, and the handshake between the supervisor and the child that becomes the payload.
 *
 * The child shares the supervisor's memory until it execs (CLONE_VM): nothing is copied, no page table is built, which
 * is most of what a fork costs. It is safe since the two never run at once: the child waits for one byte where the
 * supervisor still has to act for it, and from then on the supervisor waits for the end of the handshake socket:
 * closed by exec (or death), or with an error in it.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clone.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"
#include "runtime/run_state.h"
#include "runtime/unmask.h"

enum { MESSAGE_SIZE = 4096 };
enum message_kind { MESSAGE_GO = 'g', MESSAGE_ERROR = 'e', MESSAGE_WARNING = 'w' };

struct launch {
    struct run *run;
    struct child child;         /* filled in and used by the child; in memory that is ours as well */
    int child_fd;               /* the child's end of the handshake */
    int parent_fd;              /* the other one, which the child has a copy of */
    bool child_waits, child_has_begun;
    char *stack;                /* of a child that runs beside us; NULL: it runs on ours meanwhile */
};

static void send_error(int fd, enum message_kind kind, const struct error *err)
{
    char message[MESSAGE_SIZE];

    message[0] = (char) kind;
    size_t n = error_pack(err, message + 1, sizeof message - 1);
    (void) send(fd, message, n + 1, MSG_NOSIGNAL);
}

void child_warn(struct child *child, struct error **err)
{
    send_error(child->handshake_fd, MESSAGE_WARNING, *err);
    *err = error_free(*err);
}

void child_fail(struct child *child, const struct error *err)
{
    send_error(child->handshake_fd, MESSAGE_ERROR, err);
}

/* Waits until the supervisor has done its part. What it opened since the clone comes with the word. */
static void await_go(struct child *child)
{
    int fds[8];
    size_t n_fds;
    char go;

    if (fd_recv_with(child->handshake_fd, &go, 1, fds, &n_fds) != 1 || n_fds != 1)
        _exit(EXIT_FAILURE);
    child->cgroup_procs_fd = fds[0];
}

static int child_run(struct child *child, struct error **err)
{
    if (plan_run_phase_inside(child, BUILD, err) < 0)
        return -error_code(*err);
    return plan_run_phase_inside(child, CONFINE, err);
}

static void child_done(struct child *child)
{
    strings_done(&child->environment);
    user_done(&child->user);
    free(child->init_argv);
    *child = (struct child){0};
}

static int child_main(void *data)
{
    struct launch *launch = data;
    struct child *child = &launch->child;
    struct error *err = NULL;

    launch->child_has_begun = true;
    *child = (struct child){
        .run = launch->run, .handshake_fd = launch->child_fd, .root_fd = -1, .proc_fd = -1, .dev_fd = -1,
        .cgroup_procs_fd = launch->run->cgroup_procs_fd,
    };
    /* the child must not outlive its supervisor, whatever ends that */
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* its copy in this process would keep the child from seeing that the supervisor gave up */
    (void) close(launch->parent_fd);
    /* the locks are not for it to hold: killed, the supervisor leaves them to the next start at once */
    tree_close_locks(child->run);
    if (launch->child_waits)
        await_go(child);
    else if (recv(launch->child_fd, &(char){0}, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
        _exit(EXIT_FAILURE);    /* the supervisor ended before the prctl() above */
    if (child_run(child, &err) < 0) {
        child_fail(child, err);
        err = error_free(err);
    }
    child_done(child);
    clone_exit(EXIT_FAILURE);
}

static unsigned clone_flags(const struct spec *spec, bool child_waits)
{
    unsigned flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_PIDFD;

    /* the stub init stays this program for good, so it needs memory of its own */
    if (spec->start != START_STUB_INIT)
        flags |= CLONE_SHARE_MEMORY;
    if ((flags & CLONE_VM) && !child_waits)
        flags |= CLONE_VFORK;
    /* not CLONE_NEWCGROUP: it would be rooted in the supervisor's own group; see step_cgroup_enter() */
    if (spec->userns != USERNS_NO)
        flags |= CLONE_NEWUSER;
    if (spec_has_own_network(spec))
        flags |= CLONE_NEWNET;
    return flags;
}

static int clone_error(int code, const struct spec *spec, struct error **err)
{
    int r = fail(err, code, "cannot make the container's namespaces");

    if (code == EPERM)
        fail_hint(*err, "starting a container needs root; run redd as root or with sudo");
    else if ((code == ENOSPC || code == EINVAL) && spec->userns != USERNS_NO)
        fail_hint(*err,
                  "check that the kernel has user namespaces and that /proc/sys/user/max_user_namespaces is not 0; "
                  "--private-users=no does without");
    else if (code == EINVAL)
        fail_hint(*err, "the kernel lacks one of the namespaces: mount, pid, uts, ipc, network");
    else if (code == ENOSPC)
        fail_hint(*err, "a limit in /proc/sys/user/max_*_namespaces is reached");
    return r;
}

/* The kernel can kill a child before its first step, for a group that was told to kill long ago (cgroup.c). */
static bool is_stillborn(struct run *run, const struct launch *launch, unsigned flags)
{
    if (!(flags & CLONE_VFORK) || launch->child_has_begun)
        return false;
    run_reap(run);
    fd_closep(&run->pidfd);
    return true;
}

/* The same of a child that waits for us: what was done for it has to be undone first, which is our caller's. */
static bool waiting_is_stillborn(struct run *run, const struct launch *launch)
{
    enum { LONG_MS = 10000 }; /* by then it is gone, or slow but alive */
    struct pollfd end = {.fd = run->pidfd, .events = POLLIN};
    siginfo_t info = {0};

    return run->pid > 0 && launch->stack && launch->child_waits && run->cgroup_has_child &&
           !launch->child_has_begun && poll(&end, 1, LONG_MS) == 1 && !launch->child_has_begun &&
           waitid(P_PID, (id_t) run->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_code == CLD_KILLED &&
           info.si_status == SIGKILL;
}

/* In the payload's cgroup at once where the kernel, and whoever filters our calls, lets us; else the child moves there,
 * and if something else was the matter, the second try says so, too. */
static void clone_child(struct run *run, struct launch *launch, unsigned flags)
{
    struct clone_args arguments = {
        .flags = flags | CLONE_INTO_CGROUP,
        .exit_signal = SIGCHLD,
        .pidfd = (uint64_t) (uintptr_t) &run->pidfd,
        .stack = (uint64_t) (uintptr_t) launch->stack,
        .stack_size = launch->stack ? CLONE_STACK_SIZE : 0,
        .cgroup = (uint64_t) run->cgroup_fd,
    };

    /* set before: the child may run, and exec, before we do again */
    run->cgroup_has_child = !run->cgroup_is_reused;
    run->pid = run->cgroup_has_child ? clone_call(&arguments, child_main, launch) : -EAGAIN;
    if (run->pid > 0 && !is_stillborn(run, launch, flags))
        return;
    run->cgroup_has_child = false;
    arguments.flags = flags;
    run->pid = clone_call(&arguments, child_main, launch);
    if (run->pid == -ENOSYS && (launch->stack || (launch->stack = clone_stack_make())))
        run->pid = clone_call_old(flags, launch->stack, child_main, launch, &run->pidfd);
}

/* In the network namespace that it is to have: a user namespace of its own would keep it from joining others'. */
static int make_child(struct run *run, struct launch *launch, unsigned flags, struct error **err)
{
    struct unmasked unmasked = UNMASKED_NOT;
    int own_netns_fd;

    if (network_enter(run, &own_netns_fd, err) < 0)
        return -error_code(*err);
    if (run->has_userns)
        unmask(&unmasked);
    clone_child(run, launch, flags);

    auto_error struct error *remark = NULL;
    int r = run->pid < 0 ? clone_error(-run->pid, run->spec, err) : 0;
    if (network_leave(&own_netns_fd, r == 0 ? err : &remark) < 0 && r == 0)
        r = -error_code(*err);
    return r == 0 ? unmask_end(&unmasked, err) : r;
}

/* Reads the handshake until the child execs, fails or dies. */
static int await_exec(struct run *run, struct error **err)
{
    char message[MESSAGE_SIZE];

    for (;;) {
        ssize_t n = recv(run->handshake_fd, message, sizeof message, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (message[0] == MESSAGE_ERROR)
            return error_unpack(err, message + 1, (size_t) n - 1);

        auto_error struct error *remark = NULL;
        (void) error_unpack(&remark, message + 1, (size_t) n - 1);
        log_warning("%s", error_text(remark));
        if (error_hint(remark))
            log_warning("hint: %s", error_hint(remark));
    }

    /* The socket is closed: by exec, or since the child died without a word. An exec'ed payload may be over already,
     * so only a death by signal of a process that never execed could be told apart, and that one is a bug or an OOM
     * kill: it shows as the payload's end by signal. */
    return 0;
}

int launch(struct run *run, struct error **err)
{
    int pair[2];
    bool waits = run->has_userns || (run->host->allocate_scope && !run->spec->keep_unit) ||
                 spec_wants_links(run->spec) || spec_wants_limits(run->spec);

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return fail(err, errno, "cannot make the handshake socket");
    auto_close int child_fd = pair[1];
    run->handshake_fd = pair[0];

    struct launch launch = {.run = run, .child_fd = child_fd, .parent_fd = run->handshake_fd, .child_waits = waits};
    unsigned flags = clone_flags(run->spec, waits);
    if ((flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM && !(launch.stack = clone_stack_make()))
        return fail(err, errno, "cannot get a stack for the child");

    int r = make_child(run, &launch, flags, err);
    (void) close(take_fd(&child_fd));
    if (r == 0 && waits) {
        r = plan_run_phase(run, MAP_IDS, err);
        if (r == 0)
            r = plan_run_phase(run, ATTACH, err);
        if (r == 0)
            (void) fd_send_with(run->handshake_fd, &(char){MESSAGE_GO}, 1, &run->cgroup_procs_fd, 1);
        else
            (void) close(take_fd(&run->handshake_fd));  /* the child reads end of file and leaves */
    }
    if (r == 0)
        r = await_exec(run, err);
    if (waiting_is_stillborn(run, &launch)) {
        run->child_was_stillborn = run->cgroup_is_reused = true;
        r = r < 0 ? r : fail_plain(err, EAGAIN, "the kernel killed the container's first process");
    }
    if (r == 0 && (flags & CLONE_VM))
        child_done(&launch.child);  /* what it passed to execve() is our memory, at each reboot again */
    if (run->handshake_fd >= 0)
        (void) close(take_fd(&run->handshake_fd));
    if (r < 0 && run->pid > 0) {
        (void) kill(run->pid, SIGKILL);
        (void) waitpid(run->pid, NULL, 0);
        run->pid = 0;
    }
    if (launch.stack)
        (void) munmap(launch.stack, CLONE_STACK_SIZE);
    return r;
}
