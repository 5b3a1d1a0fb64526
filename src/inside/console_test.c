/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The relay on real ptys: modes, keys, windows, and bytes in both directions. */
#include "inside/console_rig.h"

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
      RUN(thirty_two_mebibytes_arrive_whole_and_in_order))
