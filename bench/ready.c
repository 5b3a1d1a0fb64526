/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times a start until its payload runs: from before the process exists until the payload's first byte is here.
 *
 *     ready [--cgroup=DIR] -- COMMAND [ARGUMENT...]
 *
 * Prints one line: the time until then and until it is reaped, in microseconds, its cpu time, its exit status.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const struct option known[] = {{"cgroup", required_argument, NULL, 'g'}, {NULL, 0, NULL, 0}};
    struct launch launch = {.cgroup_fd = -1};
    int option, pipe_fds[2];
    char byte;

    while ((option = getopt_long(argc, argv, "+", known, NULL)) >= 0) {
        if (option != 'g')
            return EXIT_FAILURE;
        launch.cgroup_fd = measure_open_cgroup(optarg);
    }
    launch.argv = argv + optind;
    errno = EINVAL;
    if (launch.argv[0] == NULL)
        measure_die("nothing");
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        measure_die("make a pipe");
    launch.in_fd = measure_open("/dev/null", O_RDONLY);
    launch.out_fd = pipe_fds[1];

    int64_t started_ns = measure_now_ns();
    pid_t child = launch_start(&launch);
    (void) close(pipe_fds[1]);
    if (read(pipe_fds[0], &byte, 1) != 1 || byte != 'r')
        measure_die("hear of the payload");
    int64_t ready_ns = measure_now_ns() - started_ns;
    struct usage usage = launch_wait(child, started_ns);

    (void) printf("%lld %lld %lld %d\n", (long long) (ready_ns / 1000), (long long) (usage.wall_ns / 1000),
                  (long long) (usage.cpu_ns / 1000), usage.status);
    return EXIT_SUCCESS;
}
