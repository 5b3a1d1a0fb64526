/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The relay on real ptys: the ends of streams, hangups, and what is left in the console. */
#include "inside/console_rig.h"

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

TESTS(RUN(the_end_of_a_pipe_is_typed_as_end_of_file),
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
