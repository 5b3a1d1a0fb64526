/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kill -9 at every system call in turn. A supervisor claims a machine, leaves things on the host, tells of it, and
 * takes it all back; whenever it dies, the next claim of that name succeeds and afterwards the host is as it was.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kernel.h"
#include "base/test.h"
#include "machine/registry.h"
#include "machine/registry_home_test.h"

/* What the supervisor leaves; NULL where this host or user does not allow it. */
struct host {
    struct home home;
    char *dir, *file, *tree, *mount, *cgroup;
};

static char *cgroup_path(void)
{
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

    for (size_t i = 0; i < COUNT_OF(mounts); i++) {
        struct statfs fs;

        if (statfs(mounts[i], &fs) == 0 && fs.f_type == 0x63677270 && access(mounts[i], W_OK) == 0)
            return mem_format("%s/redd-crash-test-%d", mounts[i], getpid());
    }
    return NULL;
}

static void host_init(struct host *host)
{
    home_init(&host->home);
    host->dir = path_join(host->home.path, "dir");
    host->file = path_join(host->home.path, "file");
    host->tree = path_join(host->home.path, "tree");
    bool can_mount = unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    host->mount = can_mount ? path_join(host->dir, "mount") : NULL;
    host->cgroup = geteuid() == 0 ? cgroup_path() : NULL;
}

static void host_done(struct host *host)
{
    home_done(&host->home);
    free(host->dir);
    free(host->file);
    free(host->tree);
    free(host->mount);
    free(host->cgroup);
}

static void must(int r)
{
    if (r < 0)
        _exit(3);
}

/* A process that the supervisor leaves in its group: born there, as a payload is, so that no moment is without one. */
static void start_payload(const char *cgroup)
{
    auto_close int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t) fd};

    must(fd);
    long pid = syscall(SYS_clone3, &args, sizeof args);
    must((int) pid);
    if (pid == 0)
        for (;;)
            (void) pause();
}

static void supervise(const struct host *host)
{
    auto_error struct error *err = NULL;
    const struct registry *registry = &host->home.registry;
    struct machine_claim claim;
    struct machine_state state = {.name = (char *) "web", .class = (char *) "container", .leader = 1};
    auto_free char *inside = path_join(host->tree, "inside");

    must(registry_claim(registry, "web", &claim, &err));
    must(undo_record(claim.undo, "remove-dir", &err, host->dir, NULL));
    must(mkdir(host->dir, 0700));
    if (host->mount) {
        must(undo_record(claim.undo, "remove-dir", &err, host->mount, NULL));
        must(mkdir(host->mount, 0700));
        must(undo_record(claim.undo, "unmount", &err, host->mount, NULL));
        must(mount("none", host->mount, "tmpfs", 0, NULL));
    }
    must(undo_record(claim.undo, "remove-file", &err, host->file, NULL));
    must(mknod(host->file, S_IFREG | 0600, 0));
    must(undo_record(claim.undo, "remove-tree", &err, host->tree, NULL));
    must(mkdir(host->tree, 0700));
    must(mkdir(inside, 0700));
    if (host->cgroup) {
        must(undo_record(claim.undo, "cgroup", &err, host->cgroup, NULL));
        must(mkdir(host->cgroup, 0755));
        start_payload(host->cgroup);
    }
    must(registry_set_state(&claim, &state, &err));
    must(registry_announce(registry, &claim, "web.scope", &err));
    state.leader = 2;
    must(registry_set_state(&claim, &state, &err));
    must(registry_announce(registry, &claim, "web.scope", &err));
    must(registry_release(registry, &claim, &err));
}

static int wait_for(pid_t pid)
{
    int status = -1;

    EXPECT_INT(waitpid(pid, &status, 0), pid);
    return status;
}

/* Runs a supervisor and kills it at the STOP-th entry to or return from a system call. False: it ended before. */
static bool run_and_kill(const struct host *host, unsigned stop)
{
    pid_t pid = fork();

    if (pid == 0) {
        must((int) ptrace(PTRACE_TRACEME, 0, NULL, NULL));
        (void) raise(SIGSTOP);
        supervise(host);
        _exit(0);
    }

    int status = wait_for(pid);
    EXPECT_TRUE(WIFSTOPPED(status));
    EXPECT_INT(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD), 0);
    for (unsigned i = 0; i < stop;) {
        EXPECT_INT(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        status = wait_for(pid);
        if (WIFEXITED(status)) {
            EXPECT_INT(WEXITSTATUS(status), 0);
            return false;
        }
        EXPECT_TRUE(WIFSTOPPED(status));
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            i++;
    }
    EXPECT_INT(kill(pid, SIGKILL), 0);
    EXPECT_TRUE(WIFSIGNALED(wait_for(pid)));
    return true;
}

/* The payloads became ours when their supervisors died: each was killed. */
static void reap_payloads(void)
{
    int status;

    while (waitpid(-1, &status, 0) > 0)
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void expect_clean(const struct host *host, unsigned stop)
{
    const char *const left[] = {host->dir, host->file, host->tree, host->cgroup};

    for (size_t i = 0; i < COUNT_OF(left); i++) {
        struct stat st;

        if (left[i] && lstat(left[i], &st) == 0)
            fail_msg("killed at stop %u: %s is left", stop, left[i]);
    }
    home_expect_empty(&host->home);
}

static void kill_at_every_call(void (*clean)(const struct host *host, struct error **err), struct error **err)
{
    struct host host;
    unsigned stop = 1;

    host_init(&host);
    EXPECT_INT(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (; run_and_kill(&host, stop); stop++) {
        clean(&host, err);
        reap_payloads();
        expect_clean(&host, stop);
    }
    reap_payloads();
    expect_clean(&host, stop);
    EXPECT_TRUE(stop > 60);     /* two a call; fewer would mean that little was tried */
    host_done(&host);
}

static void start_and_stop(const struct host *host, struct error **err_)
{
    struct machine_claim claim;

    EXPECT_OK(registry_claim(&host->home.registry, "web", &claim, ERR));
    if (claim.leftover)
        fail_msg("%s", error_text(claim.leftover));
    EXPECT_OK(registry_release(&host->home.registry, &claim, ERR));
}

TEST(wherever_a_supervisor_is_killed_the_next_start_finds_a_clean_host)
{
    kill_at_every_call(start_and_stop, err_);
}

static void recover_twice(const struct host *host, struct error **err_)
{
    EXPECT_OK(registry_recover_all(&host->home.registry, ERR));
    EXPECT_OK(registry_recover_all(&host->home.registry, ERR));
}

TEST(wherever_a_supervisor_is_killed_whoever_looks_can_clean_up)
{
    kill_at_every_call(recover_twice, err_);
}

TEST(a_machine_that_runs_is_not_cleaned_up)
{
    struct host host;
    int claimed[2], life[2];
    char byte;

    host_init(&host);
    EXPECT_TRUE(pipe(claimed) == 0 && pipe(life) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        auto_error struct error *err = NULL;
        struct machine_claim claim;

        (void) close(life[1]);
        must(registry_claim(&host.home.registry, "web", &claim, &err));
        must(undo_record(claim.undo, "remove-dir", &err, host.dir, NULL));
        must(mkdir(host.dir, 0700));
        must((int) write(claimed[1], "x", 1));
        must((int) read(life[0], &byte, 1));
        must(registry_release(&host.home.registry, &claim, &err));
        _exit(0);
    }
    EXPECT_INT(read(claimed[0], &byte, 1), 1);
    EXPECT_OK(registry_recover_all(&host.home.registry, ERR));
    EXPECT_TRUE(home_has(&host.home, "dir"));
    for (size_t i = 0; i < 2; i++)
        (void) close(life[1 - i]);
    EXPECT_INT(wait_for(pid), 0);
    expect_clean(&host, 0);
    (void) close(claimed[0]);
    (void) close(claimed[1]);
    host_done(&host);
}

TESTS(RUN(wherever_a_supervisor_is_killed_the_next_start_finds_a_clean_host),
      RUN(wherever_a_supervisor_is_killed_whoever_looks_can_clean_up), RUN(a_machine_that_runs_is_not_cleaned_up))
