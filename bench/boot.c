/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times a boot and a power-off.
 *
 *     boot --fifo=FILE [--notify=FILE] [--log=FILE] [--cgroup=DIR] -- COMMAND [ARGUMENT...]
 *
 * The guest writes to the fifo FILE, in its tree, when its default target is reached. With --notify the command
 * gets a socket there to send READY=1 to. Once both are in and the guest has come to rest, its init is asked to
 * power off.
 * Prints one line, times in microseconds: until ready, until READY=1 (-1: none was wanted), from the request until
 * the command's end, cpu of the command's own process, cpu of the whole tree, exit status.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kernel.h"

enum {
    BOOT_LIMIT_MS = 60000,
    /* SIGRTMIN+4 as the guest's C library counts: some reserve one signal more, and would name a reboot with it. */
    SIGNAL_POWER_OFF = 34 + 4,
    REST_MS = 300, /* what the last units do after the target; the power-off is timed from a guest at rest */
};

struct boot {
    int fifo_fd, notify_fd;
    int64_t started_ns, ready_ns, notified_ns;
};

static int notify_bind(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void) unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || setenv("NOTIFY_SOCKET", path, 1) < 0)
        measure_die(path);
    return fd;
}

static bool notify_is_ready(int fd)
{
    char text[4096];
    ssize_t length = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

    if (length < 0)
        return false;
    text[length] = '\0';
    return strncmp(text, "READY=1", 7) == 0 || strstr(text, "\nREADY=1") != NULL;
}

/* Waits until the guest has said in each way it was asked to that it is up. */
static void boot_wait_ready(struct boot *boot, pid_t child)
{
    struct pollfd polled[3] = {{.fd = boot->fifo_fd, .events = POLLIN},
                               {.fd = boot->notify_fd, .events = POLLIN},
                               {.fd = sys_pidfd_open(child, 0), .events = POLLIN}};
    char text[16];

    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        int n = poll(polled, 3, BOOT_LIMIT_MS);

        errno = n == 0 ? ETIMEDOUT : polled[2].revents != 0 ? ECHILD : errno;
        if (n <= 0 || polled[2].revents != 0)
            measure_die("a boot that does not get ready");
        if (polled[0].revents != 0 && read(boot->fifo_fd, text, sizeof(text)) > 0) {
            boot->ready_ns = measure_now_ns();
            polled[0].fd = -1;
        }
        if (polled[1].revents != 0 && notify_is_ready(boot->notify_fd)) {
            boot->notified_ns = measure_now_ns();
            polled[1].fd = -1;
        }
    }
}

static bool is_init(long pid)
{
    char path[64], line[256];
    bool ret = false;

    (void) snprintf(path, sizeof(path), "/proc/%ld/status", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        /* One number for each PID namespace, ours first: an init is something else here and 1 in its own. */
        const char *last = strrchr(line, '\t');

        if (strncmp(line, "NSpid:", 6) == 0 && last != NULL)
            ret = strcmp(last, "\t1\n") == 0 && last != strchr(line, '\t');
    }
    if (file != NULL)
        (void) fclose(file);
    return ret;
}

/* The init of the container below PID, or 0. */
static long find_init(long pid)
{
    char path[64];
    long child, found = 0;

    (void) snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", pid, pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && found == 0 && fscanf(file, "%ld", &child) == 1)
        found = is_init(child) ? child : find_init(child);
    if (file != NULL)
        (void) fclose(file);
    return found;
}

/* Of the process alone, not of what it has waited for; it may be dead but not reaped. */
static int64_t process_cpu_ns(pid_t pid)
{
    char path[64];
    long long cpu_ns = -1;

    (void) snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%lld", &cpu_ns) != 1)
        measure_die(path);
    (void) fclose(file);
    return cpu_ns;
}

static void boot_measure(struct boot *boot, const struct launch *launch)
{
    siginfo_t info;

    boot->started_ns = measure_now_ns();
    pid_t child = launch_start(launch);
    boot_wait_ready(boot, child);
    (void) poll(NULL, 0, REST_MS);

    long init = find_init(child);
    int64_t asked_ns = measure_now_ns();
    errno = ESRCH;
    if (init == 0 || kill((pid_t) init, SIGNAL_POWER_OFF) < 0)
        measure_die("the container's init");
    if (waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT) < 0)
        measure_die("wait for the command");
    int64_t ended_ns = measure_now_ns();
    int64_t own_cpu_ns = process_cpu_ns(child);
    struct usage usage = launch_wait(child, boot->started_ns);

    (void) printf("%lld %lld %lld %lld %lld %d\n", (long long) (boot->ready_ns - boot->started_ns) / 1000,
                  boot->notify_fd < 0 ? -1ll : (long long) (boot->notified_ns - boot->started_ns) / 1000,
                  (long long) (ended_ns - asked_ns) / 1000, (long long) own_cpu_ns / 1000,
                  (long long) usage.cpu_ns / 1000, usage.status);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"fifo", required_argument, NULL, 'f'},
        {"notify", required_argument, NULL, 'n'},
        {"log", required_argument, NULL, 'l'},
        {"cgroup", required_argument, NULL, 'g'},
        {NULL, 0, NULL, 0},
    };
    struct boot boot = {.fifo_fd = -1, .notify_fd = -1};
    struct launch launch = {.in_fd = -1, .out_fd = -1, .cgroup_fd = -1};
    int option;

    while ((option = getopt_long(argc, argv, "+", known, NULL)) >= 0) {
        if (option == 'f')
            boot.fifo_fd = measure_open(optarg, O_RDWR | O_NONBLOCK);
        else if (option == 'n')
            boot.notify_fd = notify_bind(optarg);
        else if (option == 'l')
            launch.out_fd = measure_open(optarg, O_WRONLY | O_CREAT | O_APPEND);
        else if (option == 'g')
            launch.cgroup_fd = measure_open_cgroup(optarg);
        else
            return EXIT_FAILURE;
    }
    launch.argv = argv + optind;
    launch.in_fd = measure_open("/dev/null", O_RDONLY);
    if (launch.out_fd < 0)
        launch.out_fd = measure_open("/dev/null", O_WRONLY);
    errno = EINVAL;
    if (launch.argv[0] == NULL || boot.fifo_fd < 0)
        measure_die("nothing");

    boot_measure(&boot, &launch);
    return EXIT_SUCCESS;
}
