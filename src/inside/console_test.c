/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The relay on real ptys: one plays the caller's terminal, one the container's console. No test sleeps: each awaits
 * the bytes or the event it is about, with a limit after which it has failed.
 */
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

static void make_raw(int fd)
{
    struct termios t;

    EXPECT_INT(tcgetattr(fd, &t), 0);
    cfmakeraw(&t);
    EXPECT_INT(tcsetattr(fd, TCSANOW, &t), 0);
}

static void open_pty(int *ret_master, int *ret_peer)
{
    int unlock = 0;

    *ret_master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(*ret_master >= 0);
    EXPECT_INT(ioctl(*ret_master, TIOCSPTLCK, &unlock), 0);
    *ret_peer = pty_open_peer(*ret_master);
    assert_true(*ret_peer >= 0);
}

/* Both ptys; the payload's is raw so that nothing is echoed or translated, unless a test says otherwise. */
static void rig_init(struct rig *rig)
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

static void rig_done(struct rig *rig)
{
    console_stop(&rig->console);
    fd_closep(&rig->user_fd);
    fd_closep(&rig->tty_fd);
    fd_closep(&rig->master_fd);
    fd_closep(&rig->payload_fd);
    fd_closep(&rig->peer_fd);
}

static void start(struct rig *rig, enum console_mode mode, int in_fd, int out_fd)
{
    auto_error struct error *err = NULL;
    struct console_setup setup = {
        .mode = mode, .master_fd = rig->master_fd, .peer_fd = take_fd(&rig->peer_fd), .in_fd = in_fd, .out_fd = out_fd};

    EXPECT_INT(console_start(&rig->console, &setup, &err), 0);
}

/* One turn of the supervisor's loop, which also watches OTHER_FD. 0: nothing became ready within TIMEOUT_MS. */
static int turn(struct rig *rig, int other_fd, int timeout_ms, int64_t now_ms, enum console_event *ret_event)
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
static void await_bytes(struct rig *rig, int fd, char *ret, size_t n)
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

static void await_text(struct rig *rig, int fd, const char *text)
{
    char got[256] = "";

    assert_true(strlen(text) < sizeof got);
    await_bytes(rig, fd, got, strlen(text));
    EXPECT_STR(got, text);
}

static enum console_event await_event(struct rig *rig, int64_t now_ms)
{
    enum console_event event = CONSOLE_NOTHING;

    while (event == CONSOLE_NOTHING)
        if (turn(rig, -1, LIMIT_MS, now_ms, &event) == 0)
            fail_msg("no event came");
    return event;
}

/* Relays until nothing moves any more. A console that spins never gets there. */
static void await_quiet(struct rig *rig)
{
    enum console_event event;

    for (int i = 0; turn(rig, -1, QUIET_MS, 0, &event) > 0; i++)
        assert_true(i < 100000);
}

static void expect_same_settings(const struct termios *a, const struct termios *b)
{
    EXPECT_INT(a->c_iflag, b->c_iflag);
    EXPECT_INT(a->c_oflag, b->c_oflag);
    EXPECT_INT(a->c_cflag, b->c_cflag);
    EXPECT_INT(a->c_lflag, b->c_lflag);
    assert_memory_equal(a->c_cc, b->c_cc, sizeof a->c_cc);
}

static void put(int fd, const char *text)
{
    EXPECT_INT(fd_write_full(fd, text, strlen(text)), 0);
}

TEST(default_modes_follow_from_what_is_a_terminal)
{
    EXPECT_INT(console_mode_effective(CONSOLE_DEFAULT, true, true), CONSOLE_INTERACTIVE);
    EXPECT_INT(console_mode_effective(CONSOLE_DEFAULT, true, false), CONSOLE_READ_ONLY);
    EXPECT_INT(console_mode_effective(CONSOLE_DEFAULT, false, true), CONSOLE_READ_ONLY);
    EXPECT_INT(console_mode_effective(CONSOLE_AUTOPIPE, true, true), CONSOLE_INTERACTIVE);
    EXPECT_INT(console_mode_effective(CONSOLE_AUTOPIPE, false, true), CONSOLE_PIPE);
    EXPECT_INT(console_mode_effective(CONSOLE_INTERACTIVE, false, false), CONSOLE_INTERACTIVE);
    EXPECT_INT(console_mode_effective(CONSOLE_PASSIVE, true, true), CONSOLE_PASSIVE);
    EXPECT_INT(console_mode_effective(CONSOLE_PIPE, true, true), CONSOLE_PIPE);
}

TEST(a_console_that_was_not_started_does_nothing)
{
    struct console console = {0};
    struct pollfd fds[CONSOLE_POLL_FDS];
    struct console_setup setup = {.mode = CONSOLE_PIPE, .master_fd = -1, .peer_fd = -1, .in_fd = 0, .out_fd = 1};

    for (int i = 0; i < 2; i++) {
        EXPECT_INT(console_poll_fds(&console, fds), 0);
        EXPECT_INT(console_timeout_ms(&console), -1);
        EXPECT_INT(console_handle(&console, fds, 0, 0), CONSOLE_NOTHING);
        console_resize(&console);
        console_resume(&console);
        EXPECT_INT(console_drain(&console, -1, -1), true);
        console_stop(&console);
        EXPECT_OK(console_start(&console, &setup, ERR));
    }
}

TEST(the_terminal_is_raw_meanwhile_and_afterwards_as_it_was)
{
    CLEANUP(rig_done) struct rig rig;
    struct termios before, during, after;

    rig_init(&rig);
    EXPECT_INT(tcgetattr(rig.tty_fd, &before), 0);
    int flags = fcntl(rig.tty_fd, F_GETFL);

    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    EXPECT_INT(tcgetattr(rig.tty_fd, &during), 0);
    EXPECT_INT(during.c_lflag & (ICANON | ECHO | ISIG | IEXTEN), 0);
    EXPECT_INT(during.c_iflag & (ICRNL | IXON), 0);
    EXPECT_INT(during.c_oflag & OPOST, 0);
    EXPECT_INT(during.c_cflag, before.c_cflag);
    EXPECT_INT(fcntl(rig.tty_fd, F_GETFL), flags);

    console_stop(&rig.console);
    EXPECT_INT(tcgetattr(rig.tty_fd, &after), 0);
    expect_same_settings(&before, &after);
    EXPECT_INT(fcntl(rig.tty_fd, F_GETFL), flags);
    console_stop(&rig.console);
}

TEST(a_start_that_fails_leaves_the_terminal_alone_and_takes_the_peer)
{
    CLEANUP(rig_done) struct rig rig;
    struct termios before, after;

    rig_init(&rig);
    EXPECT_INT(tcgetattr(rig.tty_fd, &before), 0);
    struct console_setup setup = {.mode = CONSOLE_INTERACTIVE, .master_fd = rig.master_fd, .peer_fd = rig.peer_fd,
                                  .in_fd = rig.tty_fd, .out_fd = rig.tty_fd, .escape = "a."};
    EXPECT_FAIL(console_start(&rig.console, &setup, ERR), EINVAL, "'a.' is not a console escape");
    EXPECT_INT(fcntl(take_fd(&rig.peer_fd), F_GETFD), -1);

    setup.peer_fd = -1;
    setup.escape = NULL;
    setup.background = "44;x";
    EXPECT_FAIL(console_start(&rig.console, &setup, ERR), EINVAL, "'44;x' is not a colour");
    setup.background = "111111111111111111111111111111111";
    EXPECT_FAIL(console_start(&rig.console, &setup, ERR), EINVAL, "is not a colour");

    EXPECT_INT(tcgetattr(rig.tty_fd, &after), 0);
    expect_same_settings(&before, &after);
    EXPECT_INT(console_poll_fds(&rig.console, (struct pollfd[CONSOLE_POLL_FDS]) {0}), 0);
}

TEST(a_shell_that_had_the_terminal_in_between_does_not_leave_it_cooked)
{
    CLEANUP(rig_done) struct rig rig;
    struct termios before, t;

    rig_init(&rig);
    EXPECT_INT(tcgetattr(rig.tty_fd, &before), 0);
    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    EXPECT_INT(tcsetattr(rig.tty_fd, TCSANOW, &before), 0);
    console_resume(&rig.console);
    EXPECT_INT(tcgetattr(rig.tty_fd, &t), 0);
    EXPECT_INT(t.c_lflag & ICANON, 0);
    console_stop(&rig.console);
    EXPECT_INT(tcgetattr(rig.tty_fd, &t), 0);
    expect_same_settings(&before, &t);
}

TEST(bytes_pass_in_both_directions_untouched)
{
    CLEANUP(rig_done) struct rig rig;

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    put(rig.payload_fd, "out\n\x1d\x1d\x1d\x03");
    await_text(&rig, rig.user_fd, "out\n\x1d\x1d\x1d\x03");
    put(rig.user_fd, "\x03\x1a\x11in\r\n");
    await_text(&rig, rig.payload_fd, "\x03\x1a\x11in\r\n");
}

TEST(the_container_learns_that_the_terminal_speaks_utf8)
{
    CLEANUP(rig_done) struct rig rig;
    struct termios t;

    rig_init(&rig);
    EXPECT_INT(tcgetattr(rig.tty_fd, &t), 0);
    t.c_iflag |= IUTF8;
    EXPECT_INT(tcsetattr(rig.tty_fd, TCSANOW, &t), 0);
    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    EXPECT_INT(tcgetattr(rig.payload_fd, &t), 0);
    EXPECT_TRUE(t.c_iflag & IUTF8);
}

TEST(escapes_become_events_and_time_is_the_callers)
{
    CLEANUP(rig_done) struct rig rig;

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    put(rig.user_fd, "\x1d\x1dr");
    EXPECT_INT(await_event(&rig, 1000), CONSOLE_REBOOT);
    put(rig.user_fd, "\x1d\x1dp");
    EXPECT_INT(await_event(&rig, 1000), CONSOLE_POWEROFF);
    put(rig.user_fd, "\x1d\x1d\x1d");
    EXPECT_INT(await_event(&rig, 1000), CONSOLE_KILL);
    await_text(&rig, rig.payload_fd, "\x1d\x1d\x1d\x1d\x1d\x1d");

    put(rig.user_fd, "\x1d\x1d");
    await_text(&rig, rig.payload_fd, "\x1d\x1d");       /* typed at 0 */
    put(rig.user_fd, "\x1d");
    enum console_event event;
    EXPECT_INT(turn(&rig, -1, LIMIT_MS, 1001, &event), 1);
    EXPECT_INT(event, CONSOLE_NOTHING);
    await_text(&rig, rig.payload_fd, "\x1d");
}

TEST(the_window_size_is_the_callers_from_the_start_and_after_each_change)
{
    CLEANUP(rig_done) struct rig rig;
    struct winsize size;

    rig_init(&rig);
    start(&rig, CONSOLE_READ_ONLY, -1, rig.tty_fd);
    EXPECT_INT(ioctl(rig.payload_fd, TIOCGWINSZ, &size), 0);
    EXPECT_INT(size.ws_row, 33);
    EXPECT_INT(size.ws_col, 101);

    size.ws_row = 50;
    EXPECT_INT(ioctl(rig.user_fd, TIOCSWINSZ, &size), 0);
    console_resize(&rig.console);
    EXPECT_INT(ioctl(rig.payload_fd, TIOCGWINSZ, &size), 0);
    EXPECT_INT(size.ws_row, 50);
}

TEST(without_a_terminal_the_window_is_eighty_by_twenty_four)
{
    CLEANUP(rig_done) struct rig rig;
    struct winsize size;
    auto_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, null_fd, null_fd);
    EXPECT_INT(ioctl(rig.payload_fd, TIOCGWINSZ, &size), 0);
    EXPECT_INT(size.ws_row, 24);
    EXPECT_INT(size.ws_col, 80);
}

TEST(read_only_touches_neither_the_input_nor_the_terminal)
{
    CLEANUP(rig_done) struct rig rig;
    struct termios before, during;
    char byte;

    rig_init(&rig);
    EXPECT_INT(tcgetattr(rig.tty_fd, &before), 0);
    start(&rig, CONSOLE_READ_ONLY, rig.tty_fd, rig.tty_fd);
    EXPECT_INT(tcgetattr(rig.tty_fd, &during), 0);
    expect_same_settings(&before, &during);
    put(rig.user_fd, "\x1d\x1d\x1d");
    put(rig.payload_fd, "seen");
    await_quiet(&rig);
    EXPECT_INT(read(rig.payload_fd, &byte, 1), -1);
    EXPECT_INT(errno, EAGAIN);
}

TEST(passive_never_lets_the_payload_wait)
{
    CLEANUP(rig_done) struct rig rig;
    char block[1000];
    enum console_event event;

    rig_init(&rig);
    start(&rig, CONSOLE_PASSIVE, rig.tty_fd, rig.tty_fd);
    (void) memset(block, 'x', sizeof block);
    for (size_t sent = 0; sent < 1 << 20;) {
        ssize_t n = write(rig.payload_fd, block, sizeof block);

        if (n > 0)
            sent += (size_t) n;
        else
            EXPECT_TRUE(turn(&rig, -1, LIMIT_MS, 0, &event) > 0);
    }
    await_quiet(&rig);
    EXPECT_INT(read(rig.user_fd, block, 1), -1);
    put(rig.payload_fd, "last words");
    await_quiet(&rig);
    fd_closep(&rig.payload_fd);
    EXPECT_TRUE(console_drain(&rig.console, -1, LIMIT_MS));
    ssize_t n = read(rig.user_fd, block, 11);
    EXPECT_TRUE(n == 11 && memcmp(block, "xxxxxxxxxxx", 11) == 0);
    EXPECT_TRUE(console_written(&rig.console) <= 8192);
}

TEST(a_slow_reader_stops_the_payload_without_spinning_and_loses_nothing)
{
    CLEANUP(rig_done) struct rig rig;
    size_t sent = 0, got = 0;

    rig_init(&rig);
    make_raw(rig.tty_fd);
    start(&rig, CONSOLE_READ_ONLY, -1, rig.tty_fd);
    for (int refused = 0; refused < 2;) {
        char byte = (char) (sent % 251);

        if (write(rig.payload_fd, &byte, 1) == 1) {
            sent++;
            refused = 0;
        } else {
            refused++;
            await_quiet(&rig);          /* would not return if the console polled what it cannot serve */
        }
    }
    if (sent <= 16000)
        fail_msg("only %zu", sent);

    for (; got < sent; got++) {
        unsigned char byte;

        await_bytes(&rig, rig.user_fd, (char *) &byte, 1);
        EXPECT_INT(byte, got % 251);
    }
}

TEST(a_payload_that_does_not_read_stops_the_caller_without_spinning_and_loses_nothing)
{
    CLEANUP(rig_done) struct rig rig;
    size_t sent = 0, got = 0;

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    for (int refused = 0; refused < 2;) {
        char byte = (char) (0x20 + sent % 90);

        if (write(rig.user_fd, &byte, 1) == 1) {
            sent++;
            refused = 0;
        } else {
            refused++;
            await_quiet(&rig);
        }
    }
    if (sent <= 16000)
        fail_msg("only %zu", sent);
    put(rig.payload_fd, "still there");
    await_text(&rig, rig.user_fd, "still there");

    for (; got < sent; got++) {
        char byte;

        await_bytes(&rig, rig.payload_fd, &byte, 1);
        EXPECT_INT(byte, 0x20 + (int) (got % 90));
    }
}

/* Runs in a process group that is not the foreground one of its terminal. Returns 0, or which expectation failed. */
static int work_in_background(struct rig *rig)
{
    struct console_setup setup = {.mode = CONSOLE_INTERACTIVE, .master_fd = rig->master_fd, .peer_fd = rig->peer_fd,
                                  .in_fd = rig->tty_fd, .out_fd = rig->tty_fd};
    auto_error struct error *err = NULL;
    struct pollfd fds[CONSOLE_POLL_FDS];
    sigset_t job_control;
    char byte;

    (void) setpgid(0, 0);
    (void) sigemptyset(&job_control);
    (void) sigaddset(&job_control, SIGTTIN);
    (void) sigaddset(&job_control, SIGTTOU);
    (void) sigprocmask(SIG_BLOCK, &job_control, NULL);
    if (console_start(&rig->console, &setup, &err) < 0 || write(rig->user_fd, "x", 1) != 1)
        return 1;

    size_t n = console_poll_fds(&rig->console, fds);
    if (poll(fds, n, LIMIT_MS) != 1 || console_handle(&rig->console, fds, n, 0) != CONSOLE_NOTHING)
        return 2;
    n = console_poll_fds(&rig->console, fds);
    if (poll(fds, n, 0) != 0)
        return 3;               /* the terminal has something to read, but not for us */

    if (tcsetpgrp(rig->tty_fd, getpid()) < 0)
        return 4;
    console_resume(&rig->console);
    n = console_poll_fds(&rig->console, fds);
    if (poll(fds, n, LIMIT_MS) != 1 || console_handle(&rig->console, fds, n, 0) != CONSOLE_NOTHING)
        return 5;
    struct pollfd typed = {.fd = rig->payload_fd, .events = POLLIN};
    return poll(&typed, 1, LIMIT_MS) == 1 && read(rig->payload_fd, &byte, 1) == 1 && byte == 'x' ? 0 : 6;
}

TEST(in_the_background_the_input_rests_until_the_console_is_resumed)
{
    CLEANUP(rig_done) struct rig rig;
    int status = -1;

    rig_init(&rig);
    pid_t leader = fork();
    if (leader == 0) {
        if (setsid() < 0 || ioctl(rig.tty_fd, TIOCSCTTY, 0) < 0)
            _exit(99);
        pid_t job = fork();
        if (job == 0)
            _exit(work_in_background(&rig));
        _exit(waitpid(job, &status, 0) == job && WIFEXITED(status) ? WEXITSTATUS(status) : 98);
    }
    EXPECT_INT(waitpid(leader, &status, 0), leader);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_INT(WEXITSTATUS(status), 0);
}

/* A child that writes 32 MiB of a pattern into FD and one that checks them. */
enum { THROUGHPUT_BYTES = 32 << 20 };

static pid_t start_producer(struct rig *rig)
{
    pid_t pid = fork();
    static char block[251 * 100];

    if (pid != 0)
        return pid;
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char) (i % 251);
    (void) fcntl(rig->payload_fd, F_SETFL, O_RDWR);
    for (size_t left = THROUGHPUT_BYTES; left > 0;) {
        size_t at = (THROUGHPUT_BYTES - left) % 251, n = sizeof block - at < left ? sizeof block - at : left;
        ssize_t written = write(rig->payload_fd, block + at, n);

        if (written <= 0)
            _exit(1);
        left -= (size_t) written;
    }
    _exit(0);
}

static pid_t start_checker(struct rig *rig)
{
    pid_t pid = fork();
    static unsigned char block[65536];

    if (pid != 0)
        return pid;
    (void) fcntl(rig->user_fd, F_SETFL, O_RDWR);
    for (size_t got = 0; got < THROUGHPUT_BYTES;) {
        ssize_t n = read(rig->user_fd, block, sizeof block);

        if (n <= 0)
            _exit(1);
        for (ssize_t i = 0; i < n; i++, got++)
            if (block[i] != got % 251)
                _exit(2);
    }
    _exit(0);
}

TEST(thirty_two_mebibytes_arrive_whole_and_in_order)
{
    CLEANUP(rig_done) struct rig rig;
    int status = -1;

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    pid_t producer = start_producer(&rig), checker = start_checker(&rig);
    auto_close int producer_fd = (int) syscall(SYS_pidfd_open, producer, 0);
    assert_true(producer > 0 && checker > 0 && producer_fd >= 0);
    fd_closep(&rig.payload_fd);

    while (waitpid(producer, &status, WNOHANG) == 0) {
        enum console_event event;

        if (turn(&rig, producer_fd, LIMIT_MS, 0, &event) == 0)
            fail_msg("the relay stands still");
    }
    EXPECT_INT(status, 0);
    EXPECT_INT(console_drain(&rig.console, -1, LIMIT_MS), true);
    EXPECT_INT(waitpid(checker, &status, 0), checker);
    EXPECT_INT(status, 0);
}

/* The payload's terminal in its ordinary, line by line state, without echo. */
static void make_cooked(int fd)
{
    struct termios t;

    EXPECT_INT(tcgetattr(fd, &t), 0);
    t.c_lflag = ICANON;
    t.c_iflag = ICRNL;
    EXPECT_INT(tcsetattr(fd, TCSANOW, &t), 0);
}

static void expect_end_of_file(struct rig *rig)
{
    char byte;
    enum console_event event;

    EXPECT_TRUE(turn(rig, rig->payload_fd, LIMIT_MS, 0, &event) > 0);
    for (ssize_t n = -1; n != 0; n = read(rig->payload_fd, &byte, 1))
        EXPECT_TRUE(turn(rig, rig->payload_fd, LIMIT_MS, 0, &event) > 0);
}

TEST(the_end_of_a_pipe_is_typed_as_end_of_file)
{
    static const char *const inputs[] = {"", "one\ntwo\n", "unfinished"};

    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        CLEANUP(rig_done) struct rig rig;
        int pipe_fds[2];

        rig_init(&rig);
        make_cooked(rig.payload_fd);
        EXPECT_INT(pipe2(pipe_fds, O_CLOEXEC), 0);
        put(pipe_fds[1], inputs[i]);
        (void) close(pipe_fds[1]);
        start(&rig, CONSOLE_INTERACTIVE, pipe_fds[0], rig.tty_fd);
        EXPECT_INT(fcntl(pipe_fds[0], F_GETFL) & O_NONBLOCK, 0);
        await_text(&rig, rig.payload_fd, inputs[i]);
        expect_end_of_file(&rig);
        await_quiet(&rig);              /* once, and the ended pipe is left alone */
        (void) close(pipe_fds[0]);
    }
}

TEST(the_end_of_file_character_is_the_one_the_payload_has_chosen)
{
    CLEANUP(rig_done) struct rig rig;
    struct termios t;
    auto_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    rig_init(&rig);
    make_cooked(rig.payload_fd);
    EXPECT_INT(tcgetattr(rig.payload_fd, &t), 0);
    t.c_cc[VEOF] = 'Q';
    EXPECT_INT(tcsetattr(rig.payload_fd, TCSANOW, &t), 0);
    start(&rig, CONSOLE_INTERACTIVE, null_fd, rig.tty_fd);
    expect_end_of_file(&rig);
}

TEST(a_payload_in_raw_mode_sees_the_end_as_a_byte)
{
    CLEANUP(rig_done) struct rig rig;
    auto_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, null_fd, rig.tty_fd);
    await_text(&rig, rig.payload_fd, "\x04");
}

TEST(sockets_are_read_and_written_without_changing_their_flags)
{
    CLEANUP(rig_done) struct rig rig;
    int in_fds[2], out_fds[2];

    rig_init(&rig);
    EXPECT_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in_fds), 0);
    EXPECT_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out_fds), 0);
    start(&rig, CONSOLE_INTERACTIVE, in_fds[0], out_fds[0]);
    put(in_fds[1], "in");
    await_text(&rig, rig.payload_fd, "in");
    put(rig.payload_fd, "out");
    await_text(&rig, out_fds[1], "out");
    EXPECT_INT(fcntl(in_fds[0], F_GETFL) & O_NONBLOCK, 0);

    (void) close(out_fds[1]);
    put(rig.payload_fd, "lost");
    EXPECT_INT(await_event(&rig, 0), CONSOLE_HANGUP);
    (void) close(in_fds[0]);
    (void) close(in_fds[1]);
    (void) close(out_fds[0]);
}

TEST(output_goes_to_where_a_file_stands)
{
    CLEANUP(rig_done) struct rig rig;
    FILE *file = tmpfile();
    char text[32] = "";

    assert_non_null(file);
    rig_init(&rig);
    put(fileno(file), "before ");
    start(&rig, CONSOLE_READ_ONLY, -1, fileno(file));
    put(rig.payload_fd, "after");
    await_quiet(&rig);
    EXPECT_INT(pread(fileno(file), text, sizeof text - 1, 0), strlen("before after"));
    EXPECT_STR(text, "before after");
    (void) fclose(file);
}

TEST(a_full_disk_is_not_the_end_of_the_container)
{
    CLEANUP(rig_done) struct rig rig;
    auto_close int full_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    enum console_event event;

    rig_init(&rig);
    start(&rig, CONSOLE_READ_ONLY, -1, full_fd);
    put(rig.payload_fd, "no room");
    EXPECT_TRUE(turn(&rig, -1, LIMIT_MS, 0, &event) > 0);
    EXPECT_INT(event, CONSOLE_NOTHING);
    await_quiet(&rig);
}

TEST(a_reader_that_went_away_is_reported_once_and_the_payload_goes_on)
{
    CLEANUP(rig_done) struct rig rig;
    char block[4096];
    int pipe_fds[2];

    rig_init(&rig);
    EXPECT_INT(pipe2(pipe_fds, O_CLOEXEC), 0);
    start(&rig, CONSOLE_READ_ONLY, -1, pipe_fds[1]);
    (void) close(pipe_fds[0]);
    put(rig.payload_fd, "into the void");
    EXPECT_INT(await_event(&rig, 0), CONSOLE_HANGUP);

    (void) memset(block, 'x', sizeof block);
    for (size_t sent = 0; sent < 1 << 18;) {
        enum console_event event = CONSOLE_NOTHING;
        ssize_t n = write(rig.payload_fd, block, sizeof block);

        sent += n > 0 ? (size_t) n : 0;
        if (n < 0)
            EXPECT_TRUE(turn(&rig, -1, LIMIT_MS, 0, &event) > 0);
        EXPECT_INT(event, CONSOLE_NOTHING);
    }
    await_quiet(&rig);
    (void) close(pipe_fds[1]);
}

TEST(a_terminal_that_went_away_is_a_hangup)
{
    CLEANUP(rig_done) struct rig rig;

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    fd_closep(&rig.user_fd);
    EXPECT_INT(await_event(&rig, 0), CONSOLE_HANGUP);
    put(rig.payload_fd, "nobody sees this");
    await_quiet(&rig);
}

TEST(a_getty_that_closes_the_console_for_a_while_neither_spins_nor_ends_it)
{
    for (int with_peer = 0; with_peer < 2; with_peer++) {
        CLEANUP(rig_done) struct rig rig;
        char byte;

        rig_init(&rig);
        if (!with_peer)
            fd_closep(&rig.peer_fd);
        start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
        put(rig.payload_fd, "login: ");
        fd_closep(&rig.payload_fd);
        await_text(&rig, rig.user_fd, "login: ");
        await_quiet(&rig);
        put(rig.user_fd, "a");
        await_quiet(&rig);

        rig.payload_fd = pty_open_peer(rig.master_fd);
        EXPECT_INT(read(rig.payload_fd, &byte, 1), 1);
        EXPECT_INT(byte, 'a');
        put(rig.payload_fd, "again");
        await_text(&rig, rig.user_fd, "again");
    }
}

TEST(an_idle_console_holds_no_buffers_and_asks_for_no_wake_up)
{
    CLEANUP(rig_done) struct rig rig;
    enum console_event event;

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, rig.tty_fd, rig.tty_fd);
    EXPECT_INT(console_timeout_ms(&rig.console), -1);
    assert_null(rig.console.to_caller.data);

    put(rig.payload_fd, "x");
    await_text(&rig, rig.user_fd, "x");
    assert_non_null(rig.console.to_caller.data);
    EXPECT_TRUE(console_timeout_ms(&rig.console) > 0);
    EXPECT_INT(turn(&rig, -1, console_timeout_ms(&rig.console), 0, &event), 0);
    assert_null(rig.console.to_caller.data);
    EXPECT_INT(console_timeout_ms(&rig.console), -1);
}

TEST(drain_brings_what_a_dead_payload_had_written)
{
    for (int with_peer = 0; with_peer < 2; with_peer++) {
        CLEANUP(rig_done) struct rig rig;
        char got[8192];
        ssize_t n = 0;

        rig_init(&rig);
        if (!with_peer)
            fd_closep(&rig.peer_fd);
        make_raw(rig.tty_fd);
        start(&rig, CONSOLE_READ_ONLY, -1, rig.tty_fd);
        for (int i = 0; i < 1000; i++)
            put(rig.payload_fd, "word ");
        fd_closep(&rig.payload_fd);
        EXPECT_INT(console_drain(&rig.console, -1, LIMIT_MS), true);
        for (ssize_t more = 1; n < 5000 && more > 0; n += more)
            more = read(rig.user_fd, got + n, sizeof got - (size_t) n);
        EXPECT_INT(n, 5000);
        for (int i = 0; i < 5000; i += 5)
            assert_memory_equal(got + i, "word ", 5);
    }
}

/* A pipe nobody empties, and a payload with more to say than fits. */
static void fill_up(struct rig *rig, int pipe_fds[2])
{
    char block[4096];

    (void) memset(block, 'x', sizeof block);
    EXPECT_INT(pipe2(pipe_fds, O_CLOEXEC), 0);
    EXPECT_INT(fcntl(pipe_fds[0], F_SETPIPE_SZ, 4096), 4096);
    start(rig, CONSOLE_READ_ONLY, -1, pipe_fds[1]);
    EXPECT_INT(fd_write_full(rig->payload_fd, block, sizeof block), 0);
    EXPECT_INT(fd_write_full(rig->payload_fd, block, sizeof block), 0);
    fd_closep(&rig->payload_fd);
}

TEST(drain_waits_for_a_reader_only_so_long)
{
    CLEANUP(rig_done) struct rig rig;
    int pipe_fds[2];
    char block[8192];

    rig_init(&rig);
    fill_up(&rig, pipe_fds);
    EXPECT_INT(console_drain(&rig.console, -1, 1), false);
    EXPECT_INT(read(pipe_fds[0], block, sizeof block), 4096);
    EXPECT_INT(console_drain(&rig.console, -1, 1), true);       /* goes on where it gave up */
    EXPECT_INT(read(pipe_fds[0], block, sizeof block), 4096);
    (void) close(pipe_fds[0]);
    (void) close(pipe_fds[1]);
}

TEST(drain_ends_when_the_supervisor_is_called_away)
{
    CLEANUP(rig_done) struct rig rig;
    int pipe_fds[2], wake_fds[2];

    rig_init(&rig);
    EXPECT_INT(pipe2(wake_fds, O_CLOEXEC), 0);
    put(wake_fds[1], "!");
    fill_up(&rig, pipe_fds);
    EXPECT_INT(console_drain(&rig.console, wake_fds[0], -1), false);
    EXPECT_TRUE(rig.console.to_caller.end > rig.console.to_caller.begin);
    for (int i = 0; i < 2; i++) {
        (void) close(pipe_fds[i]);
        (void) close(wake_fds[i]);
    }
}

TEST(drain_does_not_wait_for_processes_that_kept_the_console)
{
    CLEANUP(rig_done) struct rig rig;
    char got[4];

    rig_init(&rig);
    start(&rig, CONSOLE_READ_ONLY, -1, rig.tty_fd);
    put(rig.payload_fd, "last");
    EXPECT_INT(console_drain(&rig.console, -1, -1), true);
    EXPECT_INT(read(rig.user_fd, got, 4), 4);
    assert_memory_equal(got, "last", 4);
}

TEST(a_background_is_set_first_and_reset_last)
{
    CLEANUP(rig_done) struct rig rig;
    char got[32] = "";

    rig_init(&rig);
    struct console_setup setup = {.mode = CONSOLE_INTERACTIVE, .master_fd = rig.master_fd,
                                  .peer_fd = take_fd(&rig.peer_fd), .in_fd = rig.tty_fd, .out_fd = rig.tty_fd,
                                  .background = "48;5;17"};
    EXPECT_OK(console_start(&rig.console, &setup, ERR));
    put(rig.payload_fd, "x");
    await_text(&rig, rig.user_fd, "\033[48;5;17mx");
    console_stop(&rig.console);
    EXPECT_INT(read(rig.user_fd, got, sizeof got - 1), 4);
    EXPECT_STR(got, "\033[0m");
}

TEST(closed_standard_descriptors_are_no_hangup)
{
    CLEANUP(rig_done) struct rig rig;

    rig_init(&rig);
    start(&rig, CONSOLE_INTERACTIVE, -1, -1);
    put(rig.payload_fd, "unheard");
    await_quiet(&rig);
    EXPECT_INT(rig.console.hangup_is_due, false);
}

TESTS(RUN(default_modes_follow_from_what_is_a_terminal), RUN(a_console_that_was_not_started_does_nothing),
      RUN(the_terminal_is_raw_meanwhile_and_afterwards_as_it_was),
      RUN(a_start_that_fails_leaves_the_terminal_alone_and_takes_the_peer),
      RUN(a_shell_that_had_the_terminal_in_between_does_not_leave_it_cooked),
      RUN(bytes_pass_in_both_directions_untouched), RUN(the_container_learns_that_the_terminal_speaks_utf8),
      RUN(escapes_become_events_and_time_is_the_callers),
      RUN(the_window_size_is_the_callers_from_the_start_and_after_each_change),
      RUN(without_a_terminal_the_window_is_eighty_by_twenty_four),
      RUN(read_only_touches_neither_the_input_nor_the_terminal), RUN(passive_never_lets_the_payload_wait),
      RUN(a_slow_reader_stops_the_payload_without_spinning_and_loses_nothing),
      RUN(a_payload_that_does_not_read_stops_the_caller_without_spinning_and_loses_nothing),
      RUN(in_the_background_the_input_rests_until_the_console_is_resumed),
      RUN(thirty_two_mebibytes_arrive_whole_and_in_order), RUN(the_end_of_a_pipe_is_typed_as_end_of_file),
      RUN(the_end_of_file_character_is_the_one_the_payload_has_chosen),
      RUN(a_payload_in_raw_mode_sees_the_end_as_a_byte),
      RUN(sockets_are_read_and_written_without_changing_their_flags), RUN(output_goes_to_where_a_file_stands),
      RUN(a_full_disk_is_not_the_end_of_the_container),
      RUN(a_reader_that_went_away_is_reported_once_and_the_payload_goes_on),
      RUN(a_terminal_that_went_away_is_a_hangup),
      RUN(a_getty_that_closes_the_console_for_a_while_neither_spins_nor_ends_it),
      RUN(an_idle_console_holds_no_buffers_and_asks_for_no_wake_up),
      RUN(drain_brings_what_a_dead_payload_had_written), RUN(drain_waits_for_a_reader_only_so_long),
      RUN(drain_ends_when_the_supervisor_is_called_away),
      RUN(drain_does_not_wait_for_processes_that_kept_the_console), RUN(a_background_is_set_first_and_reset_last),
      RUN(closed_standard_descriptors_are_no_hangup))
