/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings and size of a terminal; what travels through it is console.c's. */
#include "inside/terminal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

/* Like cfmakeraw(3), but the line itself (speed, parity, bits: c_cflag) stays: it may be a real one. */
static void make_raw(struct termios *t, enum terminal_part part)
{
    t->c_oflag &= ~(tcflag_t) OPOST;
    if (part == TERMINAL_OUTPUT)
        return;
    t->c_iflag &= ~(tcflag_t) (IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t->c_lflag &= ~(tcflag_t) (ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

int terminal_make_raw(struct terminal *terminal, int fd, enum terminal_part part, struct error **err)
{
    struct terminal t = {.fd = fd, .is_borrowed = true};

    if (tcgetattr(fd, &t.saved) < 0)
        return fail(err, errno, "cannot read the settings of the terminal");
    t.ours = t.saved;
    make_raw(&t.ours, part);
    /* TCSANOW keeps what was typed ahead: it is meant for the container. */
    if (tcsetattr(fd, TCSANOW, &t.ours) < 0)
        return fail(err, errno, "cannot make the terminal raw");

    *terminal = t;
    return 0;
}

void terminal_make_raw_again(const struct terminal *terminal)
{
    if (terminal->is_borrowed)
        (void) tcsetattr(terminal->fd, TCSANOW, &terminal->ours);
}

void terminal_restore(struct terminal *terminal)
{
    sigset_t tty_output, old;

    if (!terminal->is_borrowed)
        return;
    terminal->is_borrowed = false;

    /* In the background tcsetattr() would stop us instead, and the terminal would stay raw. */
    (void) sigemptyset(&tty_output);
    (void) sigaddset(&tty_output, SIGTTOU);
    (void) sigprocmask(SIG_BLOCK, &tty_output, &old);
    (void) tcsetattr(terminal->fd, TCSANOW, &terminal->saved);
    (void) sigprocmask(SIG_SETMASK, &old, NULL);
}

bool terminal_is_utf8(const struct terminal *terminal)
{
    return terminal->is_borrowed && (terminal->saved.c_iflag & IUTF8);
}

void terminal_copy_size(int from_fd, int to_fd)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};

    if (from_fd < 0 || ioctl(from_fd, TIOCGWINSZ, &size) == 0)
        (void) ioctl(to_fd, TIOCSWINSZ, &size);
}

int terminal_colour_check(const char *sgr, struct error **err)
{
    if (!sgr || (sgr[strspn(sgr, "0123456789;")] == '\0' && strlen(sgr) <= TERMINAL_COLOUR_LENGTH))
        return 0;
    return fail_plain(err, EINVAL, "'%s' is not a colour: only digits and semicolons, as in '44' or '48;5;17'", sgr);
}
