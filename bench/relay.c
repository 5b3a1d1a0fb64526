/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bare relay: runs a program on a terminal of its own and carries bytes between that and the terminal it was
 * started on, with one read and one write for each piece and nothing else. What a console costs beyond it is ours.
 *
 *     relay PROGRAM [ARGUMENT...]
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { BUFFER_SIZE = 65536 };

/* One piece; false when nothing more will come. */
static bool carry(int from_fd, int to_fd)
{
    static char buffer[BUFFER_SIZE];
    ssize_t length = read(from_fd, buffer, sizeof(buffer));

    for (ssize_t done = 0; done < length;) {
        ssize_t written = write(to_fd, buffer + done, (size_t) (length - done));

        if (written < 0)
            measure_die("write to the terminal");
        done += written;
    }
    return length > 0;
}

int main(int argc, char **argv)
{
    struct launch launch = {.argv = argv + 1, .cgroup_fd = -1, .has_terminal = true};
    struct termios before, raw;

    errno = EINVAL;
    if (argc < 2 || tcgetattr(STDIN_FILENO, &before) < 0)
        measure_die("without a program and a terminal");
    raw = before;
    cfmakeraw(&raw);
    (void) tcsetattr(STDIN_FILENO, TCSANOW, &raw);

    int inner_fd = measure_open_terminal(&launch.in_fd);
    launch.out_fd = launch.in_fd;
    int64_t started_ns = measure_now_ns();
    pid_t child = launch_start(&launch);
    (void) close(launch.in_fd);

    struct pollfd polled[2] = {{.fd = inner_fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        if (poll(polled, 2, -1) < 0)
            measure_die("wait for the terminals");
        if (polled[0].revents != 0 && !carry(inner_fd, STDOUT_FILENO))
            break;
        if (polled[1].revents != 0 && !carry(STDIN_FILENO, inner_fd))
            polled[1].fd = -1;
    }
    (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    return launch_wait(child, started_ns).status;
}
