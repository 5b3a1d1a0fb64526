/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the timing programs share; see the header. */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll
#define NS_PER_US 1000ll

void measure_die(const char *what)
{
    (void) fprintf(stderr, "cannot measure: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

int measure_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd < 0)
        measure_die(path);
    return fd;
}

int measure_open_cgroup(const char *dir)
{
    char path[4096];

    (void) snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
    return measure_open(path, O_WRONLY);
}

int measure_open_terminal(int *ret_terminal_fd)
{
    const struct winsize size = {.ws_row = 25, .ws_col = 80};
    int locked = 0;
    int fd = measure_open("/dev/ptmx", O_RDWR);

    if (ioctl(fd, TIOCSPTLCK, &locked) < 0 || ioctl(fd, TIOCSWINSZ, &size) < 0)
        measure_die("/dev/ptmx");
    *ret_terminal_fd = ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*ret_terminal_fd < 0)
        measure_die("the terminal's other end");
    return fd;
}

int64_t measure_now_ns(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

pid_t launch_start(const struct launch *launch)
{
    pid_t child = vfork();

    if (child < 0)
        measure_die("start a process");
    if (child > 0)
        return child;

    /* The parent's memory is in use here: nothing but calls. */
    if (launch->cgroup_fd >= 0 && write(launch->cgroup_fd, "0", 1) < 0)
        _exit(126);
    if (launch->has_terminal) {
        (void) setsid();
        if (ioctl(launch->in_fd, TIOCSCTTY, 0) < 0)
            _exit(126);
    }
    if (dup2(launch->in_fd, STDIN_FILENO) < 0 || dup2(launch->out_fd, STDOUT_FILENO) < 0 ||
        dup2(launch->out_fd, STDERR_FILENO) < 0)
        _exit(126);
    (void) execv(launch->argv[0], launch->argv);
    _exit(127);
}

static int64_t time_ns(struct timeval time)
{
    return time.tv_sec * NS_PER_S + time.tv_usec * NS_PER_US;
}

struct usage launch_wait(pid_t child, int64_t started_ns)
{
    struct rusage used;
    int status;

    while (wait4(child, &status, 0, &used) < 0)
        if (errno != EINTR)
            measure_die("wait for a process");

    return (struct usage){
        .wall_ns = measure_now_ns() - started_ns,
        .cpu_ns = time_ns(used.ru_utime) + time_ns(used.ru_stime),
        .faults = used.ru_minflt + used.ru_majflt,
        .status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
    };
}
