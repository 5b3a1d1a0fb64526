/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small process of its own, since verbs wait in many ways, and a signal would disturb all of them. */
#include "cli/status_line.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clone.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "cli/terminal_width.h"

enum { TICK_MS = 1000 };

/* Rewrites the line each second until somebody writes to END_FD, or nobody is left who could. */
static void count(int end_fd, pid_t verb, const char *text)
{
    struct pollfd end = {.fd = end_fd, .events = POLLIN};
    unsigned seconds = 0;
    char line[320];

    /* a machine that the verb started has the other end as well */
    while (poll(&end, 1, TICK_MS) == 0 && getppid() == verb) {
        /* the last column stays free: some terminals go on to the next line behind it */
        int room = (int) terminal_width(STDERR_FILENO) - 12;
        int n = snprintf(line, sizeof line, "\r%.*s: %u s\033[K\r", room < 256 ? room : 256, text, ++seconds);

        (void) !write(STDERR_FILENO, line, (size_t) n);
    }
    if (seconds > 0)
        (void) !write(STDERR_FILENO, "\r\033[K", 4);
}

struct status_line status_line_open(const char *text)
{
    struct status_line line = {.end_fd = -1};
    sigset_t all, before;
    int ends[2];

    /* a dumb terminal cannot erase what was written */
    if (!isatty(STDERR_FILENO) || !getenv("TERM") || string_equal(getenv("TERM"), "dumb") || pipe2(ends, O_CLOEXEC) < 0)
        return line;
    (void) setvbuf(stdout, NULL, _IOFBF, 1 << 16);

    /* ^C is for the verb: the line goes when that does */
    (void) sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, &before);
    pid_t verb = getpid(), pid = clone_silently();
    if (pid == 0) {
        (void) close(ends[1]);
        count(ends[0], verb, text);
        clone_exit(0);
    }
    (void) sigprocmask(SIG_SETMASK, &before, NULL);
    (void) close(ends[0]);
    line.end_fd = ends[1];
    line.pid = pid > 0 ? pid : 0;
    return line;
}

void status_line_close(struct status_line *line)
{
    if (line->pid > 0) {
        (void) !write(line->end_fd, "", 1);
        while (waitpid(line->pid, NULL, __WCLONE) < 0 && errno == EINTR)
            ;
    }
    line->pid = 0;
    fd_closep(&line->end_fd);
}
