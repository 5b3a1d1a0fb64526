/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The near end of an onlooker's socket: a terminal, made raw, and the keys that leave. */
#include "enter/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "inside/escape.h"
#include "inside/terminal.h"
#include "ipc/control.h"

enum { BUFFER_SIZE = 16 << 10 };

struct onlook {
    const char *control;        /* path of the supervisor's socket */
    int console_fd, signal_fd;
    bool reads;                 /* standard input is still of interest */
    bool has_left, has_ended;
    struct escape escape;
    struct terminal terminal;
};

static void add_size(struct control_message *request)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
        control_add(request, "SIZE", "%ux%u", size.ws_col, size.ws_row);
}

/* The first to be answered is the machine's being there at all. */
static int call(const struct registry *registry, const char *name, const char *word, struct control_message *ret_answer,
                struct error **err)
{
    CLEANUP(control_message_done) struct control_message request = {.word = mem_copy_string(word)};
    CLEANUP(machine_state_done) struct machine_state state = {0};
    auto_free char *folder = path_join(registry->folder, name);
    auto_free char *path = path_join(folder, "control");

    if (registry_get(registry, name, &state, err) < 0)
        return -error_code(*err);
    add_size(&request);
    return control_call(path, &request, 0, ret_answer, err);
}

/* -- while it lasts -- */

static void leave_terminal(struct onlook *onlook)
{
    terminal_restore(&onlook->terminal);
    fd_closep(&onlook->console_fd);
    fd_closep(&onlook->signal_fd);
}

static void read_typed(struct onlook *onlook)
{
    enum console_event event = CONSOLE_NOTHING;
    char buffer[BUFFER_SIZE];
    ssize_t n = read(STDIN_FILENO, buffer, sizeof buffer);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        /* a terminal that is gone takes its person with it */
        onlook->has_left = onlook->terminal.is_borrowed;
        onlook->reads = false;
        return;
    }
    size_t left = onlook->terminal.is_borrowed ? escape_filter(&onlook->escape, buffer, (size_t) n, clock_ms(), &event)
                                               : (size_t) n;
    for (size_t at = 0; at < left;) {
        n = send(onlook->console_fd, buffer + at, left - at, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            onlook->has_ended = true;
            return;
        }
        at += n > 0 ? (size_t) n : 0;
    }
    /* what reboots or powers off at the console itself is none of an onlooker's business */
    onlook->has_left = onlook->has_left || event == CONSOLE_KILL;
}

static void show_printed(struct onlook *onlook)
{
    char buffer[BUFFER_SIZE];
    ssize_t n = recv(onlook->console_fd, buffer, sizeof buffer, 0);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0)
        onlook->has_ended = true;
    else if (fd_write_full(STDOUT_FILENO, buffer, (size_t) n) < 0)
        onlook->has_left = true;
}

static void send_size(const struct onlook *onlook)
{
    CLEANUP(control_message_done) struct control_message request = {.word = mem_copy_string("resize")};
    CLEANUP(control_message_done) struct control_message answer = {0};
    auto_error struct error *ignored = NULL;

    add_size(&request);
    if (request.fields.count > 0)
        (void) control_call(onlook->control, &request, 1000, &answer, &ignored);
}

static void handle_signals(struct onlook *onlook)
{
    struct signalfd_siginfo info;

    while (read(onlook->signal_fd, &info, sizeof info) == (ssize_t) sizeof info) {
        if (info.ssi_signo == SIGWINCH)
            send_size(onlook);
        else if (info.ssi_signo == SIGCONT)
            terminal_make_raw_again(&onlook->terminal);
        else
            onlook->has_left = true;
    }
}

static void follow(struct onlook *onlook)
{
    while (!onlook->has_left && !onlook->has_ended) {
        struct pollfd fds[] = {
            {.fd = onlook->signal_fd, .events = POLLIN},
            {.fd = onlook->console_fd, .events = POLLIN},
            {.fd = onlook->reads ? STDIN_FILENO : -1, .events = POLLIN},
        };

        if (poll(fds, COUNT_OF(fds), -1) < 0)
            continue;
        if (fds[0].revents)
            handle_signals(onlook);
        if (fds[1].revents)
            show_printed(onlook);
        if (fds[2].revents)
            read_typed(onlook);
    }
}

static int take_signals(struct error **err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT};
    sigset_t set;

    (void) sigemptyset(&set);
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        (void) sigaddset(&set, signals[i]);
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? fail(err, errno, "cannot read signals from a descriptor") : fd;
}

int attach_run(const struct registry *registry, const char *name, bool tells, struct error **err)
{
    CLEANUP(control_message_done) struct control_message answer = {0};
    CLEANUP(leave_terminal) struct onlook onlook = {.console_fd = -1, .signal_fd = -1, .reads = true};
    auto_free char *folder = path_join(registry->folder, name);
    auto_free char *control = path_join(folder, "control");

    onlook.control = control;
    if (escape_parse(NULL, &onlook.escape, err) < 0 || call(registry, name, "attach", &answer, err) < 0)
        return -error_code(*err);
    if (answer.n_fds != 1)
        return fail(err, EBADMSG, "the supervisor of machine '%s' sends no console", name);
    onlook.console_fd = take_fd(&answer.fds[0]);
    onlook.signal_fd = take_signals(err);
    if (onlook.signal_fd < 0)
        return -error_code(*err);
    if (tells)
        log_info("Attached to the console of machine %s. Press ^] three times within 1s to leave it.", name);
    if (isatty(STDIN_FILENO) && terminal_make_raw(&onlook.terminal, STDIN_FILENO, TERMINAL_BOTH, err) < 0)
        return -error_code(*err);

    follow(&onlook);
    terminal_restore(&onlook.terminal);
    if (tells)
        log_info(onlook.has_ended ? "The console of machine %s is closed." : "Left the console of machine %s.", name);
    return 0;
}

int attach_end(const struct registry *registry, const char *name, struct error **err)
{
    CLEANUP(control_message_done) struct control_message answer = {0};

    return call(registry, name, "detach", &answer, err);
}
