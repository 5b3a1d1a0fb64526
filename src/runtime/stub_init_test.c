/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stub init as PID 1 of a new PID namespace, with shell scripts as PID 2. No test waits for time to pass: a script
 * tells over a pipe how far it is, and the end of PID 1 is awaited. stub_init_run() refuses to work outside of one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "inside/pty.h"
#include "runtime/stub_init.h"

#include "base/test.h"

enum { LIMIT_MS = 30000, RTMIN = 34 };

/* A container of one script. What the script writes to descriptor 3 arrives at said_fd. */
struct rig {
    pid_t pid;                  /* PID 1, as seen from here */
    int said_fd;
};

static int exec_script(void *script)
{
    (void) execl("/bin/sh", "sh", "-c", (const char *) script, NULL);
    return 99;
}

static int exec_nothing(void *error_fd)
{
    (void) fd_write_full(*(int *) error_fd, "no such command", 15);
    return 42;
}

static int exec_check_of_itself(void *unused)
{
    sigset_t blocked;

    (void) unused;
    if (sigprocmask(SIG_BLOCK, NULL, &blocked) < 0)
        return 11;
    for (int number = 1; number < 32; number++)
        if (sigismember(&blocked, number))
            return 12;
    return getpid() != 2 ? 13 : getsid(0) != 2 ? 14 : getpgrp() != 2 ? 15 : getsid(1) != 1 ? 16 : 10;
}

/* Forks PID 1 of a new PID namespace, in a user namespace where that needs one. Returns as fork() does. */
static pid_t fork_into_namespace(void)
{
    struct clone_args args = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};

    if (geteuid() != 0)
        args.flags |= CLONE_NEWUSER;
    return (pid_t) syscall(SYS_clone3, &args, sizeof args);
}

/* Runs STUB in there, with IN_FD (or, if -1, /dev/null) as descriptor 0 and SAID_FD as 3. */
static void start_stub(struct rig *rig, const struct stub_init *stub, int in_fd, int said_fds[2])
{
    auto_error struct error *err = NULL;
    int status = 98;

    rig->pid = fork_into_namespace();
    if (rig->pid == 0) {
        int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (dup2(in_fd >= 0 ? in_fd : null_fd, 0) == 0 && dup2(said_fds[1], 3) == 3)
            (void) stub_init_run(stub, &status, &err);
        _exit(status);
    }

    int code = errno;
    rig->said_fd = said_fds[0];
    (void) close(said_fds[1]);
    if (rig->pid < 0)
        (void) close(rig->said_fd);
    if (rig->pid < 0 && (code == EPERM || code == ENOSPC || code == EACCES))
        SKIP_TEST("a PID namespace needs CAP_SYS_ADMIN or user namespaces");
    assert_true(rig->pid > 0);
}

static void start_script(struct rig *rig, const char *script, unsigned stop_timeout_ms, int in_fd)
{
    struct stub_init stub = {.exec_payload = exec_script, .data = (void *) script, .stop_timeout_ms = stop_timeout_ms};
    int said_fds[2];

    EXPECT_INT(pipe2(said_fds, O_CLOEXEC), 0);
    start_stub(rig, &stub, in_fd, said_fds);
}

/* Waits until the script has said TEXT. */
static void await_said(struct rig *rig, const char *text)
{
    char got[256] = "";
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++) {
        struct pollfd ready = {.fd = rig->said_fd, .events = POLLIN};

        EXPECT_INT(poll(&ready, 1, LIMIT_MS), 1);
        if (read(rig->said_fd, got + i, 1) != 1)
            fail_msg("said '%s' and no more, not '%s'", got, text);
    }
    EXPECT_STR(got, text);
}

/* Waits for the end of PID 1; returns its wait status. */
static int await_end(struct rig *rig)
{
    int status = -1;
    auto_close int pidfd = sys_pidfd_open(rig->pid, 0);
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};

    assert_true(pidfd >= 0);
    if (poll(&ended, 1, LIMIT_MS) != 1) {
        (void) kill(rig->pid, SIGKILL);
        (void) waitpid(rig->pid, &status, 0);
        fail_msg("PID 1 did not end");
    }
    EXPECT_INT(waitpid(rig->pid, &status, 0), rig->pid);
    (void) close(rig->said_fd);
    return status;
}

static void expect_exit(struct rig *rig, int code)
{
    int status = await_end(rig);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        fail_msg("wait status is %#x, not an exit with %d", (unsigned) status, code);
}

static void expect_signal(struct rig *rig, int number)
{
    int status = await_end(rig);

    if (!WIFSIGNALED(status) || WTERMSIG(status) != number)
        fail_msg("wait status is %#x, not death by signal %d", (unsigned) status, number);
}

TEST(outside_a_pid_namespace_it_refuses_to_work)
{
    struct stub_init stub = {.exec_payload = exec_script, .data = "exit 0"};
    int status = -1;

    EXPECT_FAIL(stub_init_run(&stub, &status, ERR), EINVAL, "has to be PID 1");
    EXPECT_INT(status, -1);
}

TEST(the_status_of_pid_2_becomes_that_of_pid_1)
{
    struct rig rig;

    start_script(&rig, "exit 0", 0, -1);
    expect_exit(&rig, 0);
    start_script(&rig, "exit 7", 0, -1);
    expect_exit(&rig, 7);
    start_script(&rig, "exit 255", 0, -1);
    expect_exit(&rig, 255);
}

TEST(a_pid_2_killed_by_a_signal_becomes_255)
{
    struct rig rig;

    start_script(&rig, "kill -TERM $$", 0, -1);
    expect_exit(&rig, 255);
}

TEST(both_have_a_session_of_their_own_and_the_command_no_signal_blocked)
{
    struct stub_init stub = {.exec_payload = exec_check_of_itself};
    struct rig rig;
    int said_fds[2];

    EXPECT_INT(pipe2(said_fds, O_CLOEXEC), 0);
    start_stub(&rig, &stub, -1, said_fds);
    expect_exit(&rig, 10);
}

TEST(orphans_are_reaped_and_only_pid_2_counts)
{
    struct rig rig;

    /* the grandchild loses its parent, becomes PID 1's and ends with 9; its number is free once it has been reaped */
    start_script(&rig,
                 "orphan=$( ( (exit 9) >/dev/null & echo $! ) );"
                 "while kill -0 $orphan 2>/dev/null; do :; done; echo gone >&3; exit 3",
                 0, -1);
    await_said(&rig, "gone\n");
    expect_exit(&rig, 3);
}

TEST(what_outlives_pid_2_dies_with_pid_1)
{
    struct rig rig;
    char byte;

    start_script(&rig, "sleep 1000 & echo up >&3; exit 5", 0, -1);
    await_said(&rig, "up\n");
    int said_fd = fcntl(rig.said_fd, F_DUPFD_CLOEXEC, 3);
    expect_exit(&rig, 5);
    EXPECT_INT(read(said_fd, &byte, 1), 0);             /* nobody holds the other end any more */
    (void) close(said_fd);
}

TEST(the_error_descriptor_closes_when_the_command_runs)
{
    struct rig rig;
    int said_fds[2], error_fds[2];
    struct stub_init stub = {.exec_payload = exec_script, .data = "exec sleep 1000"};
    char byte;

    EXPECT_INT(pipe2(said_fds, O_CLOEXEC), 0);
    EXPECT_INT(pipe2(error_fds, O_CLOEXEC), 0);
    start_stub(&rig, &stub, -1, said_fds);
    (void) close(error_fds[1]);
    struct pollfd ready = {.fd = error_fds[0], .events = POLLIN};
    EXPECT_INT(poll(&ready, 1, LIMIT_MS), 1);
    EXPECT_INT(read(error_fds[0], &byte, 1), 0);
    (void) close(error_fds[0]);
    EXPECT_INT(kill(rig.pid, SIGKILL), 0);
    expect_signal(&rig, SIGKILL);
}

TEST(a_command_that_cannot_run_is_reported_by_its_starter_and_by_the_status)
{
    struct rig rig;
    int said_fds[2], error_fds[2];
    struct stub_init stub = {.exec_payload = exec_nothing, .data = &error_fds[1]};
    char said[32] = "";

    EXPECT_INT(pipe2(said_fds, O_CLOEXEC), 0);
    EXPECT_INT(pipe2(error_fds, O_CLOEXEC), 0);
    start_stub(&rig, &stub, -1, said_fds);
    (void) close(error_fds[1]);
    EXPECT_INT(fd_read_full(error_fds[0], said, sizeof said - 1), 15);
    EXPECT_STR(said, "no such command");
    (void) close(error_fds[0]);
    expect_exit(&rig, 42);
}

TEST(it_has_its_name_wipes_its_arguments_and_holds_no_descriptor)
{
    static char title[64] = "redd\0run\0--setenv=SECRET=1", seen[64], wanted[64] = "(sd-stubinit)";
    struct stub_init stub = {.exec_payload = exec_script, .data = "echo up >&3; exec sleep 1000",
                             .title = title, .title_size = sizeof title};
    struct rig rig;
    int said_fds[2], closed_fds[2];
    char path[64], byte;
    auto_free char *comm = NULL;

    EXPECT_INT(pipe2(said_fds, O_CLOEXEC), 0);
    EXPECT_INT(pipe2(closed_fds, O_CLOEXEC), 0);
    int last_fd = fcntl(closed_fds[1], F_DUPFD_CLOEXEC, 200);  /* closed last, as the highest */
    (void) close(closed_fds[1]);
    start_stub(&rig, &stub, -1, said_fds);
    (void) close(last_fd);
    EXPECT_INT(read(closed_fds[0], &byte, 1), 0);       /* PID 1 has closed everything: it is done with the start */
    (void) close(closed_fds[0]);

    (void) snprintf(path, sizeof path, "/proc/%d/comm", (int) rig.pid);
    EXPECT_INT(file_read_quiet(AT_FDCWD, path, 64, &comm), 0);
    EXPECT_STR(comm, "(sd-stubinit)\n");

    struct iovec here = {.iov_base = seen, .iov_len = sizeof seen};
    struct iovec there = {.iov_base = title, .iov_len = sizeof title};
    EXPECT_INT(process_vm_readv(rig.pid, &here, 1, &there, 1, 0), sizeof title);
    assert_memory_equal(seen, wanted, sizeof wanted);

    (void) snprintf(path, sizeof path, "/proc/%d/fd", (int) rig.pid);
    DIR *fds = opendir(path);
    assert_non_null(fds);
    for (struct dirent *entry; (entry = readdir(fds));)
        EXPECT_TRUE(entry->d_name[0] == '.');
    (void) closedir(fds);

    EXPECT_INT(kill(rig.pid, SIGKILL), 0);
    expect_signal(&rig, SIGKILL);
}

TEST(the_console_is_the_commands_controlling_terminal)
{
    struct rig rig;
    int unlock = 0;
    auto_close int master_fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

    EXPECT_INT(ioctl(master_fd, TIOCSPTLCK, &unlock), 0);
    auto_close int peer_fd = pty_open_peer(master_fd);
    start_script(&rig,
                 "exec 5<>/dev/tty && test -t 5 && echo yes >&3; trap 'echo interrupted >&3; exit 4' INT;"
                 "echo ready >&3; while read line; do :; done",
                 0, peer_fd);
    await_said(&rig, "yes\nready\n");
    EXPECT_INT(write(master_fd, "\003", 1), 1);         /* ^C reaches the command's process group */
    await_said(&rig, "interrupted\n");
    expect_exit(&rig, 4);
}

TEST(other_signals_to_pid_1_do_nothing)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE, SIGQUIT, RTMIN, RTMIN + 1,
                                  RTMIN + 2, RTMIN + 7, RTMIN + 12, RTMIN + 17, RTMIN + 30};
    struct rig rig;

    start_script(&rig, "trap 'exit 6' USR1; echo up >&3; sleep 1000 & wait; wait", 0, -1);
    await_said(&rig, "up\n");
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        EXPECT_INT(kill(rig.pid, numbers[i]), 0);
    EXPECT_INT(kill(rig.pid, RTMIN + 4), 0);            /* the first that means something */
    expect_signal(&rig, SIGINT);
}

TEST(each_shutdown_signal_ends_in_the_reboot_call_it_asks_for)
{
    static const struct {
        int number, end;
    } cases[] = {
        {RTMIN + 3, SIGINT}, {RTMIN + 4, SIGINT}, {RTMIN + 13, SIGINT}, {RTMIN + 14, SIGINT}, {SIGINT, SIGHUP},
        {RTMIN + 5, SIGHUP}, {RTMIN + 6, SIGHUP}, {RTMIN + 15, SIGHUP}, {RTMIN + 16, SIGHUP},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig rig;

        start_script(&rig, "echo up >&3; exec sleep 1000", 0, -1);
        await_said(&rig, "up\n");
        EXPECT_INT(kill(rig.pid, cases[i].number), 0);
        expect_signal(&rig, cases[i].end);
    }
}

TEST(a_shutdown_asks_everybody_by_hangup_terminate_and_continue)
{
    struct rig rig;

    start_script(&rig,
                 "trap 'echo HUP >&3' HUP; trap 'echo TERM >&3' TERM; trap 'echo CONT >&3; exit 0' CONT;"
                 "echo up >&3; kill -STOP $$; sleep 1000 & while :; do wait; done",
                 0, -1);
    await_said(&rig, "up\n");
    EXPECT_INT(kill(rig.pid, RTMIN + 4), 0);
    await_said(&rig, "HUP\nTERM\nCONT\n");
    expect_signal(&rig, SIGINT);
}

TEST(a_shutdown_waits_for_all_processes_not_only_pid_2)
{
    struct rig rig;

    /* PID 2 ends at once; the other one has work to do when it hears SIGTERM, and is let finish it */
    start_script(&rig,
                 "(trap '' HUP; trap 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done >&3; exit' TERM;"
                 " echo up >&3; sleep 1000 & wait; wait) & wait",
                 0, -1);
    await_said(&rig, "up\n");
    EXPECT_INT(kill(rig.pid, RTMIN + 4), 0);
    await_said(&rig, "done\n");
    expect_signal(&rig, SIGINT);
}

TEST(who_ignores_the_request_is_killed_when_the_time_is_over)
{
    struct rig rig;

    start_script(&rig, "trap '' HUP TERM; echo up >&3; exec sleep 1000", 50, -1);
    await_said(&rig, "up\n");
    EXPECT_INT(kill(rig.pid, SIGINT), 0);
    expect_signal(&rig, SIGHUP);
}

TESTS(RUN(outside_a_pid_namespace_it_refuses_to_work), RUN(the_status_of_pid_2_becomes_that_of_pid_1),
      RUN(a_pid_2_killed_by_a_signal_becomes_255),
      RUN(both_have_a_session_of_their_own_and_the_command_no_signal_blocked),
      RUN(orphans_are_reaped_and_only_pid_2_counts), RUN(what_outlives_pid_2_dies_with_pid_1),
      RUN(the_error_descriptor_closes_when_the_command_runs),
      RUN(a_command_that_cannot_run_is_reported_by_its_starter_and_by_the_status),
      RUN(it_has_its_name_wipes_its_arguments_and_holds_no_descriptor),
      RUN(the_console_is_the_commands_controlling_terminal), RUN(other_signals_to_pid_1_do_nothing),
      RUN(each_shutdown_signal_ends_in_the_reboot_call_it_asks_for),
      RUN(a_shutdown_asks_everybody_by_hangup_terminate_and_continue),
      RUN(a_shutdown_waits_for_all_processes_not_only_pid_2),
      RUN(who_ignores_the_request_is_killed_when_the_time_is_over))
