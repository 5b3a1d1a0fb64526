/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"

/* -- what the supervisor gets -- */

/* Of the caller's environment only what is about starting machines; a login session's is none of their business. */
static void make_environment(const struct start_request *request, const char *socket_name, struct strings *ret)
{
    static const char *const kept[] = {"PATH=", "LANG=", "LC_", "TZ=", "SYSTEMD_", "REDD_"};

    for (char **variable = environ; *variable; variable++)
        for (size_t i = 0; i < COUNT_OF(kept); i++)
            if (string_starts(*variable, kept[i]))
                strings_add(ret, *variable);

    auto_free char *notify = mem_format("NOTIFY_SOCKET=%s", socket_name);
    auto_free char *name = mem_format(BACKGROUND_VARIABLE "=%s", request->name);
    environment_set(ret, notify);
    environment_set(ret, name);
}

/* A socket with a name of the kernel's choosing, and that as $NOTIFY_SOCKET has it. */
static int open_notify(char name[static 32], int *ret_fd, struct error **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(sa_family_t);
    auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) < 0 ||
        bind(fd, (struct sockaddr *) &address, size) < 0)
        return fail(err, errno, "cannot make a socket");
    size = sizeof address;
    if (getsockname(fd, (struct sockaddr *) &address, &size) < 0)
        return fail(err, errno, "cannot make a socket");

    int length = (int) (size - offsetof(struct sockaddr_un, sun_path)) - 1;
    (void) snprintf(name, 32, "@%.*s", length, address.sun_path + 1);
    *ret_fd = take_fd(&fd);
    return 0;
}

static _Noreturn void become_supervisor(const struct start_request *request, char **environment, int log_fd)
{
    int null_fd = file_open("/dev/null", O_RDWR);
    sigset_t none;

    (void) setsid();
    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 1; i < NSIG; i++)
        (void) signal(i, SIG_DFL);
    (void) umask(022);
    if (null_fd < 0 || chdir("/") < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 ||
        dup2(log_fd, STDERR_FILENO) < 0 || sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        _exit(127);
    (void) execve(request->program, request->words->item, environment);
    _exit(127);
}

/* -- waiting -- */

/* Whether PID says READY=1 in the message that has come. */
static bool hears_ready(int fd, pid_t pid)
{
    char text[4096], control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8)));
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS ||
        ((const struct ucred *) CMSG_DATA(header))->pid != pid)
        return false;
    text[n] = '\0';
    return string_starts(text, "READY=1") || strstr(text, "\nREADY=1");
}

enum outcome { READY, ENDED, LATE };

static enum outcome await_ready(int notify_fd, int pidfd, pid_t pid, uint64_t timeout_us)
{
    int64_t deadline = timeout_us > INT64_MAX / 2 ? INT64_MAX : clock_ms() + (int64_t) (timeout_us / 1000);

    for (;;) {
        struct pollfd fds[] = {{.fd = notify_fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
        int64_t left = deadline == INT64_MAX ? -1 : deadline - clock_ms();

        if (deadline != INT64_MAX && left <= 0)
            return LATE;
        if (poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int) left) < 0)
            continue;
        /* what it said before it ended counts */
        if (fds[0].revents && hears_ready(notify_fd, pid))
            return READY;
        if (!fds[0].revents && fds[1].revents)
            return ENDED;
    }
}

/* -- failures -- */

int last_run_fail(const struct last_run *run, struct error **err)
{
    char packed[4096];
    int32_t code = EIO;
    const char *const parts[] = {run->id, run->text, run->hint};
    size_t used = sizeof code;

    memcpy(packed, &code, sizeof code);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        int n = snprintf(packed + used, sizeof packed - used, "%s", parts[i] ? parts[i] : "");

        used += (size_t) n + 1 < sizeof packed - used ? (size_t) n + 1 : sizeof packed - used;
    }
    return error_unpack(err, packed, used);
}

/* The supervisor has written down why, unless it did not get so far. */
static int fail_ended(const struct start_request *request, int status, uint64_t since_us, struct error **err)
{
    CLEANUP(last_run_done) struct last_run run = {0};
    auto_error struct error *unknown = NULL;

    if (last_run_read(request->log_top, request->name, &run, &unknown) == 0 && run.realtime_us >= since_us && run.text)
        return last_run_fail(&run, err);
    fail_plain(err, EIO, "cannot start machine '%s': its supervisor %s %d", request->name,
               WIFSIGNALED(status) ? "died of signal" : "ended with status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    fail_id(*err, "R4030");
    fail_hint(*err, "'redd logs %s' shows what it said", request->name);
    return -EIO;
}

int machine_start(const struct start_request *request, struct error **err)
{
    CLEANUP(strings_done) struct strings environment = {0};
    auto_close int notify_fd = -1, log_fd = -1;
    uint64_t since_us = clock_realtime_us();
    char socket_name[32];
    int status = 0;

    if (open_notify(socket_name, &notify_fd, err) < 0 ||
        machine_log_open(request->log_top, request->name, &log_fd, err) < 0)
        return -error_code(*err);
    make_environment(request, socket_name, &environment);

    pid_t pid = fork();
    if (pid < 0)
        return fail(err, errno, "cannot make a process");
    if (pid == 0)
        become_supervisor(request, environment.item, log_fd);

    auto_close int pidfd = sys_pidfd_open(pid, 0);
    switch (await_ready(notify_fd, pidfd, pid, request->timeout_us)) {
    case READY:
        return 0;
    case ENDED:
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
        return fail_ended(request, status, since_us, err);
    case LATE:
        break;
    }
    fail_plain(err, ETIMEDOUT, "machine '%s' is not ready within %llu s; it goes on starting", request->name,
               (unsigned long long) (request->timeout_us / 1000000));
    fail_id(*err, "R4031");
    fail_hint(*err, "'redd status %s' shows what it is doing, 'redd stop %s' ends it", request->name, request->name);
    return -ETIMEDOUT;
}
