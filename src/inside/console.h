/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console: the supervisor's end of the container's console. Copies between the master of its pty and the caller's
 * standard input and output, finds the escapes (escape.h) in what is typed, and follows the caller's window.
 *
 *   mode          container -> caller       caller -> container     caller's terminal
 *   interactive   copied                    copied, escapes found   raw, size followed
 *   read-only     copied                    never read              untouched, size followed
 *   passive       read and dropped, so that the container never waits for a reader, but for the last 4 KiB: those are
 *                 copied when the payload is dead
 *   pipe          there is no pty and no console: do not start one (all calls below then do nothing)
 *
 * The main loop is the supervisor's: it asks for the descriptors, polls, and hands back what poll() said:
 *
 *     size_t n = console_poll_fds(&console, fds);
 *     poll(fds, n + …, console_timeout_ms(&console));
 *     switch (console_handle(&console, fds, n, now_ms)) { … }
 *
 * Nothing waits except console_drain(). Nothing spins either: a side that cannot go on is not polled. Buffers exist
 * only while something moves; an idle console holds none. SIGPIPE must be ignored or blocked.
 *
 * End of the caller's input: a terminal's means that it is gone (CONSOLE_HANGUP). That of a pipe or file is passed on
 * as the container's end-of-file character (^D), twice when a line was left unfinished, as a person would type it.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/spec.h"
#include "inside/endpoint.h"
#include "inside/escape.h"
#include "inside/terminal.h"

enum { CONSOLE_POLL_FDS = 3 };

struct console_buffer {
    char *data;                 /* NULL while nothing moves */
    size_t begin, end;
};

/* Others who follow the console besides the caller. HEAR gets what the container says, also what the
 * caller does not take; ROOM says that console_type() takes something again. */
struct console_audience {
    void (*hear)(void *data, const char *bytes, size_t n);
    void (*room)(void *data);
    void *data;
};

/* Fields are console.c's alone. All zero: not started. */
struct console {
    bool is_started;
    enum console_mode mode;
    int master_fd, peer_fd;
    bool master_is_gone;        /* even its other end cannot be opened again */
    struct endpoint in, out;
    int last_words_fd;          /* passive: becomes OUT at the end */
    bool out_is_gone;
    bool in_is_paused;          /* the caller was sent to the background: until console_resume() */
    bool in_has_ended, end_is_owed;
    bool line_is_open;          /* the last byte for the container did not end a line */
    bool hangup_is_due, hangup_was_told;
    bool is_tinted;
    struct terminal in_terminal, out_terminal;
    struct escape escape;
    struct console_buffer to_caller, to_container;
    struct console_audience audience;
    uint64_t written;
};

struct console_setup {
    enum console_mode mode;     /* an effective one: INTERACTIVE, READ_ONLY or PASSIVE */
    int master_fd;              /* non-blocking, as pty_open() gives it; borrowed until console_stop() */
    int peer_fd;                /* its other end, as pty_open() gives it; taken, also on failure. Held so that the
                                 * master never hangs up while nobody in the container has the console open. 0 or
                                 * less: none; then it is opened the first time that is so, which costs a wake-up */
    int in_fd, out_fd;          /* the caller's, 0 and 1; borrowed; their flags stay as they are */
    const char *escape;         /* --console-escape=, NULL for the default */
    const char *background;     /* SGR of --background=, NULL or "" for none; for interactive terminals only */
};

/* What "default" and "autopipe" come to; the other modes stay. */
enum console_mode console_mode_effective(enum console_mode asked, bool stdin_is_terminal, bool stdout_is_terminal);

/* On failure the terminal is as before, and console_stop() need not be called (but may). Started in mode PIPE it is
 * as not started. Copies no byte yet. */
int console_start(struct console *console, const struct console_setup *setup, struct error **err);

/* Fills at most CONSOLE_POLL_FDS entries, returns how many; those not needed now have fd -1. */
size_t console_poll_fds(const struct console *console, struct pollfd fds[CONSOLE_POLL_FDS]);

/* How long to poll at most: -1, or the time after which the console wants to be handled (with nothing ready) once
 * more in order to give its buffers back. */
int console_timeout_ms(const struct console *console);

/* To be called after each poll(), with the entries of console_poll_fds(). Moves a bounded amount. NOW_MS: monotonic.
 * CONSOLE_HANGUP comes once; who goes on all the same finds further output dropped. */
enum console_event console_handle(struct console *console, const struct pollfd *fds, size_t n, int64_t now_ms);

/* SIGWINCH, and SIGCONT: after the latter the terminal is made raw again and read again. */
void console_resize(struct console *console);
void console_resume(struct console *console);

/* All NULL: nobody. Does nothing before the start. */
void console_set_audience(struct console *console, const struct console_audience *audience);

/* Types for somebody else than the caller, escapes not looked for; says how much was taken. */
size_t console_type(struct console *console, const char *bytes, size_t n);

/* The size of an onlooker's terminal, where the caller's own does not count. */
void console_set_size(struct console *console, unsigned columns, unsigned rows);

/* How many bytes the caller has got. */
uint64_t console_written(const struct console *console);

/* The payload is dead: brings what it still wrote to the caller, waiting for a slow reader. False: not all of it, since
 * PATIENCE_MS (-1: for ever) went by without progress, or WAKE_FD (-1: none; say, the signalfd) became readable; called
 * again it goes on where it was. What comes from processes outside that still hold the pty is bounded. */
bool console_drain(struct console *console, int wake_fd, int patience_ms);

/* Gives the terminal back as it was, whatever happened; closes what is ours. May be called twice. */
void console_stop(struct console *console);
