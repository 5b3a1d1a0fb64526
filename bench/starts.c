/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times starts: from before the process exists until it is reaped.
 *
 *     starts [--log=FILE] [--cgroup=DIR] -- COMMAND [ARGUMENT...]
 *     starts [--log=FILE] [--cgroup=DIR] --count=N --workers=N -- COMMAND [ARGUMENT...]
 *
 * The first form runs the command once; the second COUNT times, at most WORKERS at a time, each in its own child
 * DIR/NUMBER of the cgroup, with "{}" in the arguments replaced by that number.
 * Prints one line: wall time and cpu time in microseconds, page faults, exit status (the first other than 0).
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct batch {
    char **argv;
    const char *cgroup_dir;
    const char *log;
    unsigned n_starts, n_workers;
};

/* ARGV with "{}" replaced by NUMBER. Never freed: the program ends soon. */
static char **argv_number(char **argv, unsigned number)
{
    size_t count = 0;
    while (argv[count] != NULL)
        count++;

    char **ret = calloc(count + 1, sizeof(*ret));
    for (size_t i = 0; ret != NULL && i < count; i++) {
        const char *hole = strstr(argv[i], "{}");

        if (hole == NULL)
            ret[i] = argv[i];
        else if (asprintf(&ret[i], "%.*s%u%s", (int) (hole - argv[i]), argv[i], number, hole + 2) < 0)
            measure_die("get memory");
    }
    if (ret == NULL)
        measure_die("get memory");
    return ret;
}

static int cgroup_make(const char *dir, unsigned number)
{
    char path[4096];

    (void) snprintf(path, sizeof(path), "%s/%u", dir, number);
    if (mkdir(path, 0755) < 0)
        measure_die(path);
    return measure_open_cgroup(path);
}

/* All that need not be timed is done before the first start. */
static struct launch *launches_make(const struct batch *batch)
{
    struct launch *launches = calloc(batch->n_starts, sizeof(*launches));
    int in_fd = measure_open("/dev/null", O_RDONLY);
    int out_fd = measure_open(batch->log, O_WRONLY | O_CREAT | O_APPEND);
    bool is_single = batch->n_starts == 1;

    if (launches == NULL)
        measure_die("get memory");
    for (unsigned i = 0; i < batch->n_starts; i++) {
        int cgroup_fd = -1;

        if (batch->cgroup_dir != NULL)
            cgroup_fd = is_single ? measure_open_cgroup(batch->cgroup_dir) : cgroup_make(batch->cgroup_dir, i);
        launches[i] = (struct launch){
            .argv = is_single ? batch->argv : argv_number(batch->argv, i),
            .in_fd = in_fd,
            .out_fd = out_fd,
            .cgroup_fd = cgroup_fd,
        };
    }
    return launches;
}

static struct usage batch_run(const struct batch *batch)
{
    struct launch *launches = launches_make(batch);
    unsigned n_started = 0, n_ended = 0;
    struct usage total = {0};
    int64_t started_ns = measure_now_ns();

    while (n_ended < batch->n_starts) {
        if (n_started < batch->n_starts && n_started - n_ended < batch->n_workers) {
            (void) launch_start(&launches[n_started++]);
            continue;
        }
        struct usage one = launch_wait(-1, started_ns);

        n_ended++;
        total.wall_ns = one.wall_ns;
        total.cpu_ns += one.cpu_ns;
        total.faults += one.faults;
        if (total.status == 0)
            total.status = one.status;
    }
    return total;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"log", required_argument, NULL, 'l'},
        {"cgroup", required_argument, NULL, 'g'},
        {"count", required_argument, NULL, 'c'},
        {"workers", required_argument, NULL, 'w'},
        {NULL, 0, NULL, 0},
    };
    struct batch batch = {.log = "/dev/null", .n_starts = 1, .n_workers = 1};
    int option;

    while ((option = getopt_long(argc, argv, "+", known, NULL)) >= 0) {
        if (option == 'l')
            batch.log = optarg;
        else if (option == 'g')
            batch.cgroup_dir = optarg;
        else if (option == 'c')
            batch.n_starts = (unsigned) strtoul(optarg, NULL, 10);
        else if (option == 'w')
            batch.n_workers = (unsigned) strtoul(optarg, NULL, 10);
        else
            return EXIT_FAILURE;
    }
    batch.argv = argv + optind;
    errno = EINVAL;
    if (batch.argv[0] == NULL || batch.n_starts == 0 || batch.n_workers == 0)
        measure_die("nothing");

    struct usage usage = batch_run(&batch);
    (void) printf("%lld %lld %ld %d\n", (long long) (usage.wall_ns / 1000), (long long) (usage.cpu_ns / 1000),
                  usage.faults, usage.status);
    return EXIT_SUCCESS;
}
