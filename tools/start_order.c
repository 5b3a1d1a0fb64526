/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a static program step by step, its children until they execute another, and prints each address of its code when
 * it comes there first, in hexadecimal. tools/start-order makes names of them.
 *
 *     start_order FIRST LAST PROGRAM [ARGUMENT...]     what is between the addresses FIRST and LAST
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "a processor whose registers this does not know"
#endif

enum { OPTIONS = PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC |
                 PTRACE_O_EXITKILL };

struct range {
    unsigned long first, last;
    unsigned char *seen;
};

static void note(struct range *range, pid_t pid)
{
    struct user_regs_struct registers;

    if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0 || registers.rip < range->first ||
        registers.rip >= range->last || range->seen[registers.rip - range->first])
        return;
    range->seen[registers.rip - range->first] = 1;
    (void) fprintf(stderr, "%llx\n", registers.rip);
}

static void step(struct range *range, pid_t pid, int status, pid_t first)
{
    int event = status >> 16, number = WSTOPSIG(status);

    if (event == PTRACE_EVENT_EXEC && pid != first) {
        (void) ptrace(PTRACE_DETACH, pid, NULL, NULL);
        return;
    }
    if (event == 0)
        note(range, pid);
    if (event != 0 || number == SIGTRAP || number == SIGSTOP)
        number = 0;
    (void) ptrace(PTRACE_SINGLESTEP, pid, NULL, number);
}

int main(int argc, char **argv)
{
    int status;

    if (argc < 4)
        return 2;
    struct range range = {.first = strtoul(argv[1], NULL, 16), .last = strtoul(argv[2], NULL, 16)};
    range.seen = calloc(range.last - range.first, 1);
    if (!range.seen)
        return 1;

    pid_t first = fork();
    if (first == 0) {
        (void) ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        (void) raise(SIGSTOP);
        (void) execv(argv[3], argv + 3);
        _exit(127);
    }
    if (first < 0 || waitpid(first, &status, 0) < 0 || ptrace(PTRACE_SETOPTIONS, first, NULL, OPTIONS) < 0)
        return 1;
    (void) ptrace(PTRACE_CONT, first, NULL, NULL);
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;)
        if (pid > 0 && WIFSTOPPED(status))
            step(&range, pid, status, first);
    free(range.seen);
    return 0;
}
