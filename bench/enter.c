/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The least that entering a container can cost: joins all namespaces of a process, runs a program there, waits. With
 * --terminal the program has a pseudo terminal of the container's, and what it says there is carried out.
 *
 *     enter [--terminal] PID PROGRAM [ARGUMENT...]
 *
 * It drops nothing, loads no filter, joins no cgroup and looks up nobody: what entering costs beyond it is ours.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

enum { STACK_SIZE = 16384, BUFFER_SIZE = 4096 };

struct program {
    char **argv;
    int terminal_fd; /* -1: none */
};

static int run_program(void *data)
{
    const struct program *program = data;

    if (program->terminal_fd >= 0) {
        (void) setsid();
        (void) ioctl(program->terminal_fd, TIOCSCTTY, 0);
        for (int fd = 0; fd <= 2; fd++)
            (void) dup2(program->terminal_fd, fd);
    }
    (void) execv(program->argv[0], program->argv);
    _exit(127);
}

static int open_terminal(const char *pid, int *ret_terminal_fd)
{
    char path[64];
    int unlock = 0;

    (void) snprintf(path, sizeof(path), "/proc/%s/root/dev/pts/ptmx", pid);
    int master_fd = measure_open(path, O_RDWR);
    if (ioctl(master_fd, TIOCSPTLCK, &unlock) < 0)
        measure_die("unlock the terminal");
    *ret_terminal_fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*ret_terminal_fd < 0)
        measure_die("open the terminal");
    return master_fd;
}

/* Until the last one has closed its end. */
static void carry(int master_fd)
{
    char buffer[BUFFER_SIZE];
    ssize_t length;

    while ((length = read(master_fd, buffer, sizeof(buffer))) > 0)
        if (write(STDOUT_FILENO, buffer, (size_t) length) < 0)
            measure_die("write what it says");
}

int main(int argc, char **argv)
{
    static char stack[STACK_SIZE] __attribute__((aligned(16)));
    bool has_terminal = argc > 1 && strcmp(argv[1], "--terminal") == 0;
    char **words = argv + 1 + has_terminal;
    struct program program = {.argv = words + 1, .terminal_fd = -1};
    int master_fd = -1, status;

    errno = EINVAL;
    if (argc < 3 + has_terminal)
        measure_die("without a process and a program");
    int pidfd = (int) syscall(SYS_pidfd_open, atoi(words[0]), 0);
    if (has_terminal)
        master_fd = open_terminal(words[0], &program.terminal_fd);
    if (setns(pidfd, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWPID) < 0)
        measure_die("join the container");
    pid_t child = clone(run_program, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, &program);
    if (child < 0)
        measure_die("make a process");
    if (has_terminal) {
        (void) close(program.terminal_fd);
        carry(master_fd);
    }
    if (waitpid(child, &status, 0) < 0)
        measure_die("wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
