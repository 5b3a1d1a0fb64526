/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rig of the console's tests: two ptys, one plays the caller's terminal, one the container's console. No test
 * sleeps: each awaits the bytes or the event it is about, with a limit after which it has failed.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "inside/console.h"
#include "inside/pty.h"

#include "base/test.h"

enum { LIMIT_MS = 20000, QUIET_MS = 60 };

/* The user looks at user_fd, redd's standard input and output is tty_fd; the payload has payload_fd. */
struct rig {
    int user_fd, tty_fd, master_fd, payload_fd, peer_fd;
    struct console console;
};

static inline void make_raw(int fd)
{
    struct termios t;

    EXPECT_INT(tcgetattr(fd, &t), 0);
    cfmakeraw(&t);
    EXPECT_INT(tcsetattr(fd, TCSANOW, &t), 0);
}

static inline void open_pty(int *ret_master, int *ret_peer)
{
    int unlock = 0;

    *ret_master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(*ret_master >= 0);
    EXPECT_INT(ioctl(*ret_master, TIOCSPTLCK, &unlock), 0);
    *ret_peer = pty_open_peer(*ret_master);
    assert_true(*ret_peer >= 0);
}

/* Both ptys; the payload's is raw so that nothing is echoed or translated, unless a test says otherwise. */
static inline void rig_init(struct rig *rig)
{
    struct winsize size = {.ws_row = 33, .ws_col = 101};

    *rig = (struct rig) {0};
    open_pty(&rig->user_fd, &rig->tty_fd);
    open_pty(&rig->master_fd, &rig->payload_fd);
    rig->peer_fd = fcntl(rig->payload_fd, F_DUPFD_CLOEXEC, 3);
    EXPECT_INT(ioctl(rig->user_fd, TIOCSWINSZ, &size), 0);
    make_raw(rig->payload_fd);
    EXPECT_INT(fcntl(rig->payload_fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    (void) signal(SIGPIPE, SIG_IGN);
}

static inline void rig_done(struct rig *rig)
{
    console_stop(&rig->console);
    fd_closep(&rig->user_fd);
    fd_closep(&rig->tty_fd);
    fd_closep(&rig->master_fd);
    fd_closep(&rig->payload_fd);
    fd_closep(&rig->peer_fd);
}

static inline void start(struct rig *rig, enum console_mode mode, int in_fd, int out_fd)
{
    auto_error struct error *err = NULL;
    struct console_setup setup = {
        .mode = mode, .master_fd = rig->master_fd, .peer_fd = take_fd(&rig->peer_fd), .in_fd = in_fd, .out_fd = out_fd};

    EXPECT_INT(console_start(&rig->console, &setup, &err), 0);
}

/* One turn of the supervisor's loop, which also watches OTHER_FD. 0: nothing became ready within TIMEOUT_MS. */
static inline int turn(struct rig *rig, int other_fd, int timeout_ms, int64_t now_ms, enum console_event *ret_event)
{
    struct pollfd fds[CONSOLE_POLL_FDS + 1];
    size_t n = console_poll_fds(&rig->console, fds);

    fds[n] = (struct pollfd) {.fd = other_fd, .events = POLLIN};
    int r = poll(fds, n + 1, timeout_ms);
    assert_true(r >= 0);
    *ret_event = console_handle(&rig->console, fds, n, now_ms);
    return r;
}

/* Relays until FD has given N bytes. */
static inline void await_bytes(struct rig *rig, int fd, char *ret, size_t n)
{
    enum console_event event;

    for (size_t got = 0; got < n;) {
        if (turn(rig, fd, LIMIT_MS, 0, &event) == 0)
            fail_msg("%zu of %zu bytes came, then none", got, n);
        ssize_t more = read(fd, ret + got, n - got);
        assert_true(more > 0 || errno == EAGAIN);
        got += more > 0 ? (size_t) more : 0;
    }
}

static inline void await_text(struct rig *rig, int fd, const char *text)
{
    char got[256] = "";

    assert_true(strlen(text) < sizeof got);
    await_bytes(rig, fd, got, strlen(text));
    EXPECT_STR(got, text);
}

static inline enum console_event await_event(struct rig *rig, int64_t now_ms)
{
    enum console_event event = CONSOLE_NOTHING;

    while (event == CONSOLE_NOTHING)
        if (turn(rig, -1, LIMIT_MS, now_ms, &event) == 0)
            fail_msg("no event came");
    return event;
}

/* Relays until nothing moves any more. A console that spins never gets there. */
static inline void await_quiet(struct rig *rig)
{
    enum console_event event;

    for (int i = 0; turn(rig, -1, QUIET_MS, 0, &event) > 0; i++)
        assert_true(i < 100000);
}

static inline void expect_same_settings(const struct termios *a, const struct termios *b)
{
    EXPECT_INT(a->c_iflag, b->c_iflag);
    EXPECT_INT(a->c_oflag, b->c_oflag);
    EXPECT_INT(a->c_cflag, b->c_cflag);
    EXPECT_INT(a->c_lflag, b->c_lflag);
    assert_memory_equal(a->c_cc, b->c_cc, sizeof a->c_cc);
}

static inline void put(int fd, const char *text)
{
    EXPECT_INT(fd_write_full(fd, text, strlen(text)), 0);
}
