/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That nobody who shares a descriptor with us notices, and that no call waits. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "inside/endpoint.h"
#include "inside/pty.h"

#include "base/test.h"

static void open_pty(int *ret_master, int *ret_peer)
{
    int unlock = 0;

    *ret_master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(*ret_master >= 0);
    EXPECT_INT(ioctl(*ret_master, TIOCSPTLCK, &unlock), 0);
    *ret_peer = pty_open_peer(*ret_master);
    assert_true(*ret_peer >= 0);
}

/* Writes until that would wait. Returns how much went. */
static size_t write_all_it_takes(const struct endpoint *endpoint)
{
    static char block[100000];
    size_t sum = 0;

    for (;;) {
        ssize_t n = endpoint_write(endpoint, block, sizeof block);

        if (n == -EAGAIN)
            return sum;
        assert_true(n > 0);
        sum += (size_t) n;
    }
}

TEST(pipes_get_a_description_of_our_own)
{
    int fds[2];
    struct endpoint in, out;
    char byte;

    EXPECT_INT(pipe2(fds, O_CLOEXEC), 0);
    endpoint_open(&in, fds[0], O_RDONLY);
    endpoint_open(&out, fds[1], O_WRONLY);
    EXPECT_INT(in.kind, ENDPOINT_OWN);
    EXPECT_INT(out.kind, ENDPOINT_OWN);
    EXPECT_TRUE(fcntl(in.fd, F_GETFD) & FD_CLOEXEC);
    EXPECT_INT(endpoint_read(&in, &byte, 1), -EAGAIN);
    EXPECT_INT(write_all_it_takes(&out), 65536);
    EXPECT_INT(endpoint_read(&in, &byte, 1), 1);
    EXPECT_INT(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    EXPECT_INT(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);

    int own_fd = in.fd;
    endpoint_close(&in);
    endpoint_close(&in);
    EXPECT_INT(fcntl(own_fd, F_GETFD), -1);
    EXPECT_TRUE(fcntl(fds[0], F_GETFD) >= 0);
    endpoint_close(&out);
    (void) close(fds[0]);
    (void) close(fds[1]);
}

TEST(a_pipe_that_cannot_be_opened_anew_is_asked_first)
{
    int fds[2];
    struct endpoint in, out;
    char byte;

    EXPECT_INT(pipe2(fds, O_CLOEXEC), 0);
    in = (struct endpoint) {.fd = fds[0], .kind = ENDPOINT_ASK_FIRST};
    out = (struct endpoint) {.fd = fds[1], .kind = ENDPOINT_ASK_FIRST};
    EXPECT_INT(endpoint_read(&in, &byte, 1), -EAGAIN);
    EXPECT_INT(write_all_it_takes(&out), 65536);
    EXPECT_INT(endpoint_read(&in, &byte, 1), 1);
    endpoint_close(&in);
    endpoint_close(&out);
    EXPECT_INT(close(fds[0]), 0);       /* borrowed ones stay open */
    EXPECT_INT(close(fds[1]), 0);
}

TEST(sockets_do_not_wait_and_raise_no_signal)
{
    int fds[2];
    struct endpoint out;
    char byte;

    EXPECT_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    endpoint_open(&out, fds[0], O_WRONLY);
    EXPECT_INT(out.kind, ENDPOINT_SOCKET);
    EXPECT_INT(endpoint_read(&out, &byte, 1), -EAGAIN);
    EXPECT_TRUE(write_all_it_takes(&out) > 0);
    (void) close(fds[1]);
    EXPECT_INT(endpoint_write(&out, "x", 1), -EPIPE);
    (void) close(fds[0]);
}

TEST(the_master_of_a_pty_is_never_opened_anew)
{
    auto_close int master_fd = -1, peer_fd = -1;
    struct endpoint endpoint;

    open_pty(&master_fd, &peer_fd);
    endpoint_open(&endpoint, master_fd, O_RDONLY);
    EXPECT_INT(endpoint.fd, master_fd);
    EXPECT_INT(endpoint.kind, ENDPOINT_ASK_FIRST);
    EXPECT_TRUE(endpoint.is_terminal);
}

TEST(files_and_null_are_taken_as_they_are)
{
    auto_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    auto_close int file_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct endpoint endpoint;
    char byte;

    endpoint_open(&endpoint, null_fd, O_RDONLY);
    EXPECT_INT(endpoint.kind, ENDPOINT_NEVER_WAITS);
    EXPECT_INT(endpoint_read(&endpoint, &byte, 1), 0);
    endpoint_open(&endpoint, file_fd, O_RDONLY);
    EXPECT_INT(endpoint.kind, ENDPOINT_NEVER_WAITS);
    EXPECT_INT(endpoint_read(&endpoint, &byte, 1), 1);
    EXPECT_INT(endpoint.is_terminal, false);

    endpoint_open(&endpoint, -1, O_RDONLY);
    EXPECT_INT(endpoint.fd, -1);
}

/* As after su(1): the terminal is ours to use, but its node belongs to somebody else. */
static int use_foreign_terminal(int tty_fd, bool is_controlling)
{
    struct endpoint endpoint;
    int ok;

    if (setsid() < 0 || (is_controlling && ioctl(tty_fd, TIOCSCTTY, 0) < 0) || fchmod(tty_fd, 0) < 0 ||
        (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0))
        return 1;
    endpoint_open(&endpoint, tty_fd, O_WRONLY);
    ok = is_controlling ? endpoint.kind == ENDPOINT_OWN && endpoint.fd != tty_fd
                        : endpoint.kind == ENDPOINT_ASK_FIRST && endpoint.fd == tty_fd;
    if (!ok || !endpoint.is_terminal || (fcntl(tty_fd, F_GETFL) & O_NONBLOCK))
        return 2;
    return endpoint_write(&endpoint, "hello", 5) == 5 ? 0 : 3;
}

TEST(a_terminal_of_another_user_is_reached_as_the_controlling_one_or_asked_first)
{
    for (int is_controlling = 0; is_controlling < 2; is_controlling++) {
        auto_close int master_fd = -1, peer_fd = -1;
        char got[5];
        int status = -1;

        open_pty(&master_fd, &peer_fd);
        pid_t pid = fork();
        if (pid == 0) {
            (void) signal(SIGHUP, SIG_IGN);
            _exit(use_foreign_terminal(peer_fd, is_controlling));
        }
        EXPECT_INT(waitpid(pid, &status, 0), pid);
        EXPECT_INT(status, 0);
        EXPECT_INT(fd_read_full(master_fd, got, sizeof got), sizeof got);
        assert_memory_equal(got, "hello", sizeof got);
    }
}

TESTS(RUN(pipes_get_a_description_of_our_own), RUN(a_pipe_that_cannot_be_opened_anew_is_asked_first),
      RUN(sockets_do_not_wait_and_raise_no_signal), RUN(the_master_of_a_pty_is_never_opened_anew),
      RUN(files_and_null_are_taken_as_they_are),
      RUN(a_terminal_of_another_user_is_reached_as_the_controlling_one_or_asked_first))
