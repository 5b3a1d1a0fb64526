/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words that shell tests lack. One static program, used on the host and, as /usr/bin/helper, in the trees.
 *
 *     helper await REPORT SECONDS COMMAND...
 *                         becomes COMMAND with a $NOTIFY_SOCKET; what is said there goes to the FIFO REPORT, line by
 * line,
 *                         up to READY=1 or the end of COMMAND ("GONE") or of the time ("LATE")
 *     helper notify TEXT  says TEXT to $NOTIFY_SOCKET, as sd_notify(3) does
 *     helper line FILE PATTERN SECONDS
 *                         until a line of a growing FILE matches (extended regular expression); 1 when the time is up
 *     helper wait PID SECONDS
 *                         until the process, a child or not, has ended; 1 when the time is up
 *     helper pause MICROSECONDS
 *     helper as NAME PROGRAM ARG...
 *                         becomes PROGRAM, which is told that its name is NAME
 *     helper exit STATUS
 *     helper raise SIGNAL sends itself a signal by its number
 *     helper break-rule   loads a system call filter that kills it, and is killed
 *     helper repeat N COMMAND...
 *                         runs COMMAND N times; 1 when one of them did not end with 0
 *     helper kill-at N COMMAND...
 *                         runs COMMAND and kills it (SIGKILL) as it enters its N-th system call; ends with its
 *                         status, or with 137 when it was killed
 *     helper hold         says "up" on its standard output, then sleeps for good
 *     init                an init: says READY=1, reaps, ends on the signals for power-off and reboot
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
    (void) fprintf(stderr, "helper: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int break_rule(void)
{
    struct sock_filter kill_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog filter = {.len = 1, .filter = &kill_all};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
        die("cannot load a filter");
    return EXIT_SUCCESS;
}

/* vfork(): the caller is small and has nothing that the child could spoil. */
static int repeat(const char *count, char **argv)
{
    long wrong = 0;

    for (long n = atol(count); n > 0; n--) {
        int status = 0;
        pid_t pid = vfork();

        if (pid == 0) {
            (void) execv(argv[0], argv);
            _exit(127);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            (void) fprintf(stderr, "helper: one of %s gave status %#x\n", count, status);
            wrong++;
        }
    }
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int open_pid(pid_t pid)
{
    return (int) syscall(SYS_pidfd_open, pid, 0);
}

static struct sockaddr_un address_of(const char *path, socklen_t *ret_length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);

    if (length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    *ret_length = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length + (path[0] != '@'));
    return address;
}

static int milliseconds_left(const struct timespec *end)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    long left_ms = (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
    return left_ms < 0 ? 0 : (int) left_ms;
}

static struct timespec end_after(const char *seconds)
{
    struct timespec end;

    (void) clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += atol(seconds);
    return end;
}

/* The watcher: a grandchild, so that COMMAND is not told about a child it does not know. */
static _Noreturn void watch(int socket_fd, int pidfd, const char *report, const char *seconds)
{
    struct pollfd fds[2] = {{.fd = socket_fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    const struct timespec end = end_after(seconds);
    FILE *out = fopen(report, "we");
    char text[4096];

    if (!out)
        die(report);
    for (;;) {
        int n = poll(fds, 2, milliseconds_left(&end));

        if (n < 0)
            die("poll");
        if (fds[0].revents) {
            ssize_t size = recv(socket_fd, text, sizeof text - 1, 0);

            text[size > 0 ? size : 0] = '\0';
            (void) fprintf(out, "%s\n", text);
            if (strncmp(text, "READY=1", 7) == 0 || strstr(text, "\nREADY=1"))
                break;
        } else if (fds[1].revents || n == 0) {
            (void) fprintf(out, "%s\n", n == 0 ? "LATE" : "GONE");
            break;
        }
    }
    exit(fclose(out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void await(char **argv)
{
    socklen_t length;
    char path[108];
    int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void) snprintf(path, sizeof path, "%s.notify", argv[2]);
    (void) unlink(path);
    struct sockaddr_un address = address_of(path, &length);
    if (socket_fd < 0 || bind(socket_fd, (struct sockaddr *) &address, length) < 0 ||
        setenv("NOTIFY_SOCKET", path, 1) < 0)
        die(path);

    int pidfd = open_pid(getpid());
    pid_t child = fork();
    if (pidfd < 0 || child < 0)
        die("cannot watch");
    if (child == 0) {
        if (fork() == 0) {
            /* what the caller waits for, as in $(...), must not be held open by the watcher */
            int null_fd = open("/dev/null", O_RDWR);

            (void) dup2(null_fd, 0);
            (void) dup2(null_fd, 1);
            (void) setsid();
            watch(socket_fd, pidfd, argv[2], argv[3]);
        }
        _exit(0);
    }
    (void) waitpid(child, NULL, 0);
    (void) execvp(argv[4], argv + 4);
    die(argv[4]);
}

/* Says BARRIER=1 and waits until the receiver has closed the descriptor that comes with it: a receiver that looks who
 * the sender is must find it alive (sd_notify_barrier(3)). */
static void await_receipt(int socket_fd, struct sockaddr_un *address, socklen_t length)
{
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
    struct iovec part = {.iov_base = (char[]){"BARRIER=1"}, .iov_len = 9};
    struct msghdr message = {.msg_name = address,
                             .msg_namelen = length,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int pipe_fds[2];

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        die("pipe");
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &pipe_fds[1], sizeof(int));
    if (sendmsg(socket_fd, &message, 0) < 0)
        die("BARRIER=1");
    (void) close(pipe_fds[1]);
    (void) poll(&(struct pollfd){.fd = pipe_fds[0]}, 1, 10000);
    (void) close(pipe_fds[0]);
}

static void notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length;

    if (!path)
        return;
    struct sockaddr_un address = address_of(path, &length);
    if (socket_fd < 0 || sendto(socket_fd, text, strlen(text), 0, (struct sockaddr *) &address, length) < 0)
        die(path);
    await_receipt(socket_fd, &address, length);
    (void) close(socket_fd);
}

static int wait_for(const char *pid, const char *seconds)
{
    struct pollfd fd = {.fd = open_pid((pid_t) atol(pid)), .events = POLLIN};

    if (fd.fd < 0 && errno == ESRCH)
        return EXIT_SUCCESS;
    if (fd.fd < 0)
        die(pid);
    return poll(&fd, 1, atoi(seconds) * 1000) == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int holds_line(const char *path, const regex_t *pattern)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    int found = 0;

    while (in && !found && getline(&line, &size, in) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        found = regexec(pattern, line, 0, NULL, 0) == 0;
    }
    free(line);
    if (in)
        (void) fclose(in);
    return found;
}

static int wait_for_line(const char *path, const char *text, const char *seconds)
{
    const struct timespec end = end_after(seconds);
    struct pollfd fd = {.fd = inotify_init1(IN_CLOEXEC), .events = POLLIN};
    char events[4096];
    regex_t pattern;

    if (regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB) != 0) {
        (void) fprintf(stderr, "helper: not a pattern: %s\n", text);
        return 2;
    }
    /* Its folder, since the file may be still to come. Watched first, then looked at: nothing written in between is
     * missed. */
    char *copy = strdup(path);
    if (!copy || fd.fd < 0 || inotify_add_watch(fd.fd, dirname(copy), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
        die(path);
    free(copy);
    while (!holds_line(path, &pattern))
        if (poll(&fd, 1, milliseconds_left(&end)) != 1 || read(fd.fd, events, sizeof events) < 0)
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

/* The numbers are those of systemd on Linux, where SIGRTMIN is 34: +3 and +4 power off, +5 and SIGINT reboot. */
static int init(void)
{
    sigset_t all;

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_BLOCK, &all, NULL);
    notify("READY=1");
    for (;;) {
        int sig = sigwaitinfo(&all, NULL);

        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        if (sig == 34 + 3 || sig == 34 + 4)
            return EXIT_SUCCESS;
        if (sig == 34 + 5 || sig == SIGINT)
            (void) reboot(RB_AUTOBOOT);
    }
}

/* Stops come in pairs, on entry and on return; the first is that of the exec. */
static int kill_at(const char *number, char **command)
{
    long left = 2 * atol(number) - 1;
    int status, sig = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void) ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        (void) execv(command[0], command);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die(command[0]);
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *) (PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) < 0)
        die("PTRACE_SETOPTIONS");
    while (ptrace(PTRACE_SYSCALL, pid, NULL, (void *) (long) sig) == 0 && waitpid(pid, &status, 0) == pid &&
           WIFSTOPPED(status)) {
        bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);

        sig = is_call ? 0 : WSTOPSIG(status);
        if (is_call && --left == 0) {
            (void) kill(pid, SIGKILL);
            (void) waitpid(pid, &status, 0);
            break;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int hold(void)
{
    if (write(STDOUT_FILENO, "up\n", 3) != 3)
        return EXIT_FAILURE;
    return pause();
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/'), *verb = argc > 1 ? argv[1] : "";

    if (strcmp(name ? name + 1 : argv[0], "init") == 0)
        return init();
    if (strcmp(verb, "await") == 0 && argc > 4)
        await(argv);
    else if (strcmp(verb, "notify") == 0 && argc == 3)
        notify(argv[2]);
    else if (strcmp(verb, "wait") == 0 && argc == 4)
        return wait_for(argv[2], argv[3]);
    else if (strcmp(verb, "line") == 0 && argc == 5)
        return wait_for_line(argv[2], argv[3], argv[4]);
    else if (strcmp(verb, "hold") == 0)
        return hold();
    else if (strcmp(verb, "break-rule") == 0)
        return break_rule();
    else if (strcmp(verb, "raise") == 0 && argc == 3)
        return kill(getpid(), atoi(argv[2]));
    else if (strcmp(verb, "repeat") == 0 && argc > 3)
        return repeat(argv[2], argv + 3);
    else if (strcmp(verb, "kill-at") == 0 && argc > 3)
        return kill_at(argv[2], argv + 3);
    else if (strcmp(verb, "pause") == 0 && argc == 3)
        return usleep((useconds_t) atol(argv[2]));
    else if (strcmp(verb, "as") == 0 && argc > 3) {
        const char *program = argv[3];

        argv[3] = argv[2];
        (void) execv(program, argv + 3);
        die(program);
    } else if (strcmp(verb, "exit") == 0 && argc == 3)
        return atoi(argv[2]);
    else {
        (void) fprintf(stderr, "helper: see its first lines\n");
        return 2;
    }
    return EXIT_SUCCESS;
}
