/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running getent(1) with its output in a pipe, for a bounded time. No other program is run from here. */
#include "inside/getent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/clone.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"

enum { STACK_SIZE = 64 << 10, TIMEOUT_MS = 10000, OUTPUT_MAX = 1 << 20, NOBODY = 65534 };
enum { EXIT_NOT_FOUND = 2, EXIT_CANNOT_CONFINE = 126, EXIT_NO_PROGRAM = 127 };

struct query {
    const char *database, *key;
    const struct getent_guard *guard;
    int output_fd;
    sigset_t mask;              /* the caller's */
};

/* A program out of the container must not be able to do what the payload may not. */
static int become_harmless(const struct getent_guard *guard)
{
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return -errno;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return -errno;
    /* a change of ids clears it */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || chdir("/") < 0)
        return -errno;
    return guard->confine ? guard->confine(guard->data) : 0;
}

/* Handlers are the caller's code and its memory is shared: none may run in this process. */
static void reset_signals(void)
{
    const struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int sig = 1; sig < 65; sig++)
        (void) sigaction(sig, &normal, NULL);
    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

static int run_query(void *data)
{
    static const char *const programs[] = {"/usr/bin/getent", "/bin/getent", "/run/current-system/sw/bin/getent"};
    static char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                                        NULL};
    const struct query *query = data;
    char *const argv[] = {"getent", (char *) query->database, (char *) query->key, NULL};

    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void) setsid();            /* it has no business with the terminal */

    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int output_fd = fcntl(query->output_fd, F_DUPFD_CLOEXEC, 3);
    if (dup2(output_fd, STDOUT_FILENO) < 0)
        _exit(EXIT_CANNOT_CONFINE);
    if (null_fd < 0) {          /* a tree so bare needs no input and makes no remarks */
        (void) close(STDIN_FILENO);
        (void) close(STDERR_FILENO);
    } else if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDERR_FILENO) < 0)
        _exit(EXIT_CANNOT_CONFINE);
    (void) sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);

    reset_signals();
    if (query->guard && become_harmless(query->guard) < 0)
        _exit(EXIT_CANNOT_CONFINE);
    for (size_t i = 0; i < COUNT_OF(programs); i++)
        (void) execve(programs[i], argv, environment);
    _exit(errno == ENOENT || errno == ENOTDIR ? EXIT_NO_PROGRAM : EXIT_CANNOT_CONFINE);
}

static int start_query(struct query *query)
{
    /* Own memory where ids change: with shared memory that would mark the caller as not dumpable, and its /proc files
     * would belong to someone else. */
    int flags = query->guard ? CLONE_NEWPID : CLONE_SHARE_MEMORY ? CLONE_VM | CLONE_VFORK : 0;
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    sigset_t all;

    if (stack == MAP_FAILED)
        return -ENOMEM;
    (void) sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, &query->mask);
    /* No exit signal: a supervisor that listens for SIGCHLD must not take this one for its payload's. */
    pid_t pid = clone(run_query, stack + STACK_SIZE, flags, query);
    int r = pid < 0 ? -errno : pid;
    (void) sigprocmask(SIG_SETMASK, &query->mask, NULL);
    (void) munmap(stack, STACK_SIZE);
    return r;
}

/* Reads until the other end is closed everywhere, the time is over or the room is used up. */
static int collect(int fd, int timeout_ms, char **ret)
{
    enum { ROOM_FIRST = 1024 };
    int64_t deadline = clock_ms() + timeout_ms;
    size_t used = 0, room = ROOM_FIRST;
    auto_free char *text = mem_alloc(room + 1);

    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - clock_ms();
        int r = left > 0 ? poll(&wait, 1, (int) left) : 0;

        if (r == 0)
            return -ETIMEDOUT;
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r < 0)
            continue;
        if (used == room) {
            if (room >= OUTPUT_MAX)
                return -EFBIG;
            room *= 4;
            text = mem_resize(text, room + 1);
        }

        ssize_t n = read(fd, text + used, room - used);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        if (n == 0)
            break;
        if (n > 0)
            used += (size_t) n;
    }
    text[used] = '\0';
    *ret = TAKE(text);
    return 0;
}

static int exit_meaning(int status)
{
    if (!WIFEXITED(status))
        return -EIO;
    switch (WEXITSTATUS(status)) {
    case EXIT_SUCCESS:
        return 0;
    case EXIT_NOT_FOUND:
        return -ESRCH;
    case EXIT_NO_PROGRAM:
        return -ENOENT;
    default:
        return -EIO;
    }
}

int getent_query(const char *database, const char *key, const struct getent_guard *guard, char **ret)
{
    int pipe_fds[2], status;
    auto_free char *text = NULL;

    if (*key == '-')
        return -EINVAL;
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    auto_close int read_fd = pipe_fds[0];
    auto_close int write_fd = pipe_fds[1];

    struct query query = {.database = database, .key = key, .guard = guard, .output_fd = write_fd};
    pid_t pid = start_query(&query);
    fd_closep(&write_fd);
    if (pid < 0)
        return pid;

    int r = collect(read_fd, guard && guard->timeout_ms > 0 ? guard->timeout_ms : TIMEOUT_MS, &text);
    if (r < 0)
        (void) kill(pid, SIGKILL);
    while (waitpid(pid, &status, __WALL) < 0)
        if (errno != EINTR)
            return -errno;
    if (r == 0)
        r = exit_meaning(status);
    if (r == 0)
        *ret = TAKE(text);
    return r;
}
