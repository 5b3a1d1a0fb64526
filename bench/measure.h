/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measure: what the timing programs of the kit share: a clock, a start that costs the same for everybody, and what a
 * process tree has used. A timing program ends with a message at its first failure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct launch {
    char **argv;          /* argv[0] is a path */
    int in_fd, out_fd;    /* standard input; standard output and error */
    int cgroup_fd;        /* cgroup.procs of the cgroup to start in, or -1 */
    bool has_terminal;    /* standard input is a terminal, to become the controlling one */
};

struct usage {
    int64_t wall_ns, cpu_ns;
    long faults;
    int status; /* exit status, or 128 and the signal */
};

_Noreturn void measure_die(const char *what);

/* Opens PATH or ends the program; FLAGS as for open(2), a file is made with mode 0600. */
int measure_open(const char *path, int flags);

/* Opens DIR/cgroup.procs. */
int measure_open_cgroup(const char *dir);

/* Makes a terminal: returns its master, RET_TERMINAL_FD is the end for a program. */
int measure_open_terminal(int *ret_terminal_fd);

int64_t measure_now_ns(void);

/* Starts a program without copying this one's page tables. */
pid_t launch_start(const struct launch *launch);

/* Waits for CHILD, which was started at STARTED_NS. The cpu time is the whole tree's, the waited-for. */
struct usage launch_wait(pid_t child, int64_t started_ns);
