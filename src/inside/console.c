/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The relay between the pty and the caller. Output is never looked at. What a typed byte means is escape.c's, how
 * not to wait for the caller's descriptors endpoint.c's, the terminal's settings terminal.c's.
 */
#include "inside/console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "inside/pty.h"

enum {
    /* A pty hands out at most 4095 bytes a read, so two reads make one write. Measured against 4, 16 and 64 KiB: more
     * than this only lets the two sides run apart, with more wake-ups and cold caches for the same bytes. */
    BUFFER_SIZE = 8 * 1024,
    ROUNDS_PER_WAKE_UP = 16,            /* so that a flood leaves the supervisor time for everything else */
    DRAIN_LIMIT = 1024 * 1024,          /* far more than a pty holds (64 KiB and its line buffer) */
    LAST_WORDS = BUFFER_SIZE / 2,       /* what is kept of a passive console */
    SHORT_READ = 1024,                  /* less than that was all there is: do not ask once more in order to hear so */
    RELEASE_AFTER_MS = 500,
    TINT_SIZE = TERMINAL_COLOUR_LENGTH + sizeof "\033[m",
};

enum { AT_MASTER, AT_IN, AT_OUT };      /* places in the poll array */

enum console_mode console_mode_effective(enum console_mode asked, bool stdin_is_terminal, bool stdout_is_terminal)
{
    bool both = stdin_is_terminal && stdout_is_terminal;

    if (asked == CONSOLE_DEFAULT)
        return both ? CONSOLE_INTERACTIVE : CONSOLE_READ_ONLY;
    if (asked == CONSOLE_AUTOPIPE)
        return both ? CONSOLE_INTERACTIVE : CONSOLE_PIPE;
    return asked;
}

static size_t buffer_used(const struct console_buffer *buffer)
{
    return buffer->end - buffer->begin;
}

static size_t buffer_room(const struct console_buffer *buffer)
{
    return BUFFER_SIZE - buffer->end;
}

/* Not malloc(): a freed block of this size would stay with the process, page by page. */
static char *buffer_tail(struct console_buffer *buffer)
{
    if (!buffer->data) {
        void *data = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (data == MAP_FAILED)
            abort();            /* as mem_alloc() */
        buffer->data = data;
    }
    return buffer->data + buffer->end;
}

static void buffer_consume(struct console_buffer *buffer, size_t n)
{
    buffer->begin += n;
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
}

static void buffer_release(struct console_buffer *buffer)
{
    if (buffer->data)
        (void) munmap(buffer->data, BUFFER_SIZE);
    *buffer = (struct console_buffer) {};
}

static bool is_dropping(const struct console *console)
{
    return console->out.fd < 0 || console->out_is_gone;
}

/* A passive console is nobody's while the payload runs; its end is told with what it said last. */
static bool is_kept(const struct console *console)
{
    return console->mode == CONSOLE_PASSIVE && console->out.fd < 0;
}

static void keep_last_words(struct console_buffer *buffer)
{
    if (buffer_room(buffer) > 0)
        return;
    buffer_consume(buffer, buffer_used(buffer) - LAST_WORDS);
    (void) memmove(buffer->data, buffer->data + buffer->begin, LAST_WORDS);
    buffer->begin = 0;
    buffer->end = LAST_WORDS;
}

/* While no process holds the container's end (a getty between two logins), reading the master fails and poll() always
 * says so. We normally hold it from the start; who started us without it gets it here. */
static void hold_peer(struct console *console)
{
    int fd = pty_open_peer(console->master_fd);

    fd_closep(&console->peer_fd);
    if (fd >= 0)
        console->peer_fd = fd;
    else
        console->master_is_gone = true;
}

/* Reads once from the container. A negative errno, 0 at its end, else how much. */
static ssize_t fill_to_caller(struct console *console)
{
    struct console_buffer *buffer = &console->to_caller;
    ssize_t n;

    do
        n = read(console->master_fd, buffer_tail(buffer), buffer_room(buffer));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (console->audience.hear && n > 0)
        console->audience.hear(console->audience.data, buffer->data + buffer->end, (size_t) n);
    if (!is_dropping(console) || is_kept(console))
        buffer->end += (size_t) n;
    if (is_kept(console))
        keep_last_words(buffer);
    return n;
}

/* False when the caller does not take everything now. */
static bool flush_to_caller(struct console *console)
{
    struct console_buffer *buffer = &console->to_caller;

    if (is_kept(console))
        return true;
    while (buffer_used(buffer) > 0) {
        ssize_t n = endpoint_write(&console->out, buffer->data + buffer->begin, buffer_used(buffer));

        if (n == -EAGAIN)
            return false;
        if (n < 0) {
            /* A full disk costs a log its text, not the container its life. */
            bool is_full = n == -ENOSPC || n == -EDQUOT || n == -EFBIG;

            if (!is_full)
                console->out_is_gone = console->hangup_is_due = true;
            n = (ssize_t) buffer_used(buffer);
        }
        console->written += (uint64_t) n;
        buffer_consume(buffer, (size_t) n);
    }
    return true;
}

static void relay_to_caller(struct console *console)
{
    bool caller_takes = true;

    for (int i = 0; i < ROUNDS_PER_WAKE_UP && buffer_room(&console->to_caller) > 0; i++) {
        ssize_t n = fill_to_caller(console);

        if (n == 0 || (n < 0 && n != -EAGAIN))
            hold_peer(console);
        if (caller_takes)
            caller_takes = flush_to_caller(console);
        if (n < SHORT_READ)
            return;
    }
}

static void drop_to_container(struct console *console)
{
    buffer_consume(&console->to_container, buffer_used(&console->to_container));
    console->end_is_owed = false;
}

/* What ends the input of whoever reads in the container: the first end-of-file character completes an unfinished line,
 * only one on an empty line is the end. Read from the pty itself: programs may have chosen another. */
static void queue_end_of_file(struct console *console)
{
    struct console_buffer *buffer = &console->to_container;
    struct termios termios;
    char end = 'D' & 0x1f;
    int times = 1;

    if (tcgetattr(console->master_fd, &termios) == 0 && (termios.c_lflag & ICANON)) {
        if (termios.c_cc[VEOF] != _POSIX_VDISABLE)
            end = (char) termios.c_cc[VEOF];
        if (console->line_is_open)
            times = 2;
    }
    for (int i = 0; i < times; i++, buffer->end++)
        *buffer_tail(buffer) = end;
    console->end_is_owed = false;
}

static void flush_to_container(struct console *console)
{
    struct console_buffer *buffer = &console->to_container;

    for (;;) {
        if (buffer_used(buffer) == 0) {
            if (!console->end_is_owed)
                return;
            queue_end_of_file(console);
        }

        ssize_t n = write(console->master_fd, buffer->data + buffer->begin, buffer_used(buffer));
        if (n >= 0)
            buffer_consume(buffer, (size_t) n);
        else if (errno == EAGAIN)
            return;
        else if (errno == EIO && console->peer_fd < 0 && !console->master_is_gone)
            hold_peer(console); /* nobody reads yet: the pty keeps it for who comes, as a real terminal would */
        else if (errno != EINTR) {
            drop_to_container(console);
            return;
        }
        if (n == 0)
            return;
    }
}

/* The caller's input has ended or failed: N is 0 or a negative errno. */
static void input_ended(struct console *console, ssize_t n, short revents)
{
    if (n == -EIO && console->in.is_terminal && !(revents & POLLHUP)) {
        console->in_is_paused = true;   /* we are in the background, and SIGTTIN is blocked */
        return;
    }
    console->in_has_ended = true;
    if (console->in.is_terminal)
        console->hangup_is_due = true;
    else
        console->end_is_owed = true;
}

static enum console_event relay_to_container(struct console *console, short revents, int64_t now_ms)
{
    struct console_buffer *buffer = &console->to_container;
    enum console_event event = CONSOLE_NOTHING;
    char *tail = buffer_tail(buffer);
    ssize_t n = endpoint_read(&console->in, tail, buffer_room(buffer));

    if (n > 0) {
        size_t kept = escape_filter(&console->escape, tail, (size_t) n, now_ms, &event);

        buffer->end += kept;
        if (kept > 0)
            console->line_is_open = tail[kept - 1] != '\n' && tail[kept - 1] != '\r';
    } else if (n != -EAGAIN)
        input_ended(console, n, revents);

    flush_to_container(console);
    return event;
}

/* The terminal whose size counts, or -1. */
static int size_fd(const struct console *console)
{
    return console->out.is_terminal ? console->out.fd : console->in.is_terminal ? console->in.fd : -1;
}

static int borrow_terminals(struct console *console, const struct console_setup *setup, struct error **err)
{
    int r = 0;

    if (console->in.is_terminal)
        r = terminal_make_raw(&console->in_terminal, console->in.fd, TERMINAL_BOTH, err);
    /* Mostly the same terminal again: restored in the opposite order, both are right. */
    if (r == 0 && console->out.is_terminal)
        r = terminal_make_raw(&console->out_terminal, console->out.fd, TERMINAL_OUTPUT, err);
    if (r < 0)
        return r;

    if (terminal_is_utf8(&console->in_terminal)) {
        struct termios termios;

        /* So that erasing in a line takes whole characters, as it does outside. */
        if (tcgetattr(console->master_fd, &termios) == 0) {
            termios.c_iflag |= IUTF8;
            (void) tcsetattr(console->master_fd, TCSANOW, &termios);
        }
    }

    if (console->out.is_terminal && setup->background && setup->background[0]) {
        char tint[TINT_SIZE];
        int n = snprintf(tint, sizeof tint, "\033[%sm", setup->background);

        (void) endpoint_write(&console->out, tint, (size_t) n);
        console->is_tinted = true;
    }
    return 0;
}

int console_start(struct console *console, const struct console_setup *setup, struct error **err)
{
    struct console c = {
        .is_started = true,
        .mode = setup->mode,
        .master_fd = setup->master_fd,
        .peer_fd = setup->peer_fd > 0 ? setup->peer_fd : -1,
        .in.fd = -1,
        .out.fd = -1,
        .last_words_fd = setup->out_fd,
    };
    int r;

    *console = (struct console) {};
    if (setup->mode == CONSOLE_PIPE) {
        fd_closep(&c.peer_fd);
        return 0;
    }

    r = terminal_colour_check(setup->background, err);
    if (r == 0)
        r = escape_parse(setup->escape, &c.escape, err);
    if (r == 0 && c.mode == CONSOLE_INTERACTIVE)
        endpoint_open(&c.in, setup->in_fd, O_RDONLY);
    if (r == 0 && c.mode != CONSOLE_PASSIVE)
        endpoint_open(&c.out, setup->out_fd, O_WRONLY);
    if (r == 0 && c.mode == CONSOLE_INTERACTIVE)
        r = borrow_terminals(&c, setup, err);
    if (r < 0) {
        console_stop(&c);
        return r;
    }

    terminal_copy_size(size_fd(&c), c.master_fd);
    *console = c;
    return 0;
}

size_t console_poll_fds(const struct console *console, struct pollfd fds[CONSOLE_POLL_FDS])
{
    bool in_is_open = console->in.fd >= 0 && !console->in_has_ended && !console->in_is_paused;
    short master_events = 0;

    if (!console->is_started)
        return 0;

    if (buffer_room(&console->to_caller) > 0)
        master_events |= POLLIN;
    if (buffer_used(&console->to_container) > 0 || console->end_is_owed)
        master_events |= POLLOUT;
    /* poll() reports a hangup whether asked or not: what we cannot act upon is left out altogether. */
    fds[AT_MASTER] = (struct pollfd) {.fd = console->master_is_gone || !master_events ? -1 : console->master_fd,
                                      .events = master_events};
    fds[AT_IN] = (struct pollfd) {.fd = in_is_open && buffer_room(&console->to_container) > 0 ? console->in.fd : -1,
                                  .events = POLLIN};
    fds[AT_OUT] = (struct pollfd) {.fd = buffer_used(&console->to_caller) > 0 ? console->out.fd : -1,
                                   .events = POLLOUT};
    return CONSOLE_POLL_FDS;
}

int console_timeout_ms(const struct console *console)
{
    bool has_spare = (console->to_caller.data && buffer_used(&console->to_caller) == 0) ||
                     (console->to_container.data && buffer_used(&console->to_container) == 0);

    return has_spare ? RELEASE_AFTER_MS : -1;
}

static void release_spare_buffers(struct console *console)
{
    if (buffer_used(&console->to_caller) == 0)
        buffer_release(&console->to_caller);
    if (buffer_used(&console->to_container) == 0)
        buffer_release(&console->to_container);
}

enum console_event console_handle(struct console *console, const struct pollfd *fds, size_t n, int64_t now_ms)
{
    enum console_event event = CONSOLE_NOTHING;

    if (!console->is_started || n < CONSOLE_POLL_FDS)
        return CONSOLE_NOTHING;
    if (!fds[AT_MASTER].revents && !fds[AT_IN].revents && !fds[AT_OUT].revents) {
        release_spare_buffers(console);
        return CONSOLE_NOTHING;
    }

    if (fds[AT_MASTER].revents & (POLLHUP | POLLERR))
        hold_peer(console);
    if (fds[AT_IN].revents)
        event = relay_to_container(console, fds[AT_IN].revents, now_ms);
    else if (fds[AT_MASTER].revents & POLLOUT) {
        flush_to_container(console);
        if (console->audience.room && buffer_used(&console->to_container) == 0)
            console->audience.room(console->audience.data);
    }
    if (fds[AT_OUT].revents)
        flush_to_caller(console);
    if (fds[AT_OUT].revents || (fds[AT_MASTER].revents & ~POLLOUT))
        relay_to_caller(console);

    if (event == CONSOLE_NOTHING && console->hangup_is_due && !console->hangup_was_told) {
        console->hangup_was_told = true;
        event = CONSOLE_HANGUP;
    }
    return event;
}

void console_resize(struct console *console)
{
    if (console->is_started && size_fd(console) >= 0)
        terminal_copy_size(size_fd(console), console->master_fd);
}

uint64_t console_written(const struct console *console)
{
    return console->written;
}

void console_set_audience(struct console *console, const struct console_audience *audience)
{
    if (console->is_started)
        console->audience = *audience;
}

size_t console_type(struct console *console, const char *bytes, size_t n)
{
    struct console_buffer *buffer = &console->to_container;

    if (!console->is_started || console->master_is_gone)
        return n;
    if (n > buffer_room(buffer))
        n = buffer_room(buffer);
    memcpy(buffer_tail(buffer), bytes, n);
    buffer->end += n;
    if (n > 0)
        console->line_is_open = bytes[n - 1] != '\n' && bytes[n - 1] != '\r';
    flush_to_container(console);
    return n;
}

void console_set_size(struct console *console, unsigned columns, unsigned rows)
{
    const struct winsize size = {.ws_col = (unsigned short) columns, .ws_row = (unsigned short) rows};

    if (console->is_started && size_fd(console) < 0)
        (void) ioctl(console->master_fd, TIOCSWINSZ, &size);
}

void console_resume(struct console *console)
{
    if (!console->is_started)
        return;
    terminal_make_raw_again(&console->in_terminal);
    terminal_make_raw_again(&console->out_terminal);
    console->in_is_paused = false;
    console_resize(console);
}

/* Waits until the caller takes more. False: enough of that. */
static bool wait_for_caller(const struct console *console, int wake_fd, int patience_ms)
{
    struct pollfd fds[] = {{.fd = console->out.fd, .events = POLLOUT}, {.fd = wake_fd, .events = POLLIN}};
    int r;

    do
        r = poll(fds, 2, patience_ms);
    while (r < 0 && errno == EINTR);
    return r > 0 && !fds[1].revents;
}

bool console_drain(struct console *console, int wake_fd, int patience_ms)
{
    size_t drained = 0;
    bool more = true;

    if (!console->is_started)
        return true;
    fd_closep(&console->peer_fd);       /* or the end of the output would never show */
    if (is_kept(console)) {
        for (ssize_t n; drained < DRAIN_LIMIT && (n = fill_to_caller(console)) > 0;)
            drained += (size_t) n;
        endpoint_open(&console->out, console->last_words_fd, O_WRONLY);
    }

    while (!is_dropping(console) && (more || buffer_used(&console->to_caller) > 0)) {
        if (more && buffer_room(&console->to_caller) > 0) {
            ssize_t n = fill_to_caller(console);

            drained += n > 0 ? (size_t) n : 0;
            more = n > 0 && drained < DRAIN_LIMIT;
        }
        if (!flush_to_caller(console) && (!more || buffer_room(&console->to_caller) == 0) &&
            !wait_for_caller(console, wake_fd, patience_ms))
            return false;
    }
    return true;
}

void console_stop(struct console *console)
{
    if (!console->is_started)
        return;
    console->is_started = false;

    if (console->is_tinted)
        (void) endpoint_write(&console->out, "\033[0m", 4);
    terminal_restore(&console->out_terminal);
    terminal_restore(&console->in_terminal);
    endpoint_close(&console->in);
    endpoint_close(&console->out);
    fd_closep(&console->peer_fd);
    buffer_release(&console->to_caller);
    buffer_release(&console->to_container);
}
