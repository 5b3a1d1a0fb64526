/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a program inside: with the caller's streams, with pipes in their place, or at a terminal. */
#include "enter/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"
#include "enter/guest_session.h"
#include "enter/guest_terminal.h"
#include "enter/securetty.h"
#include "enter/streams.h"
#include "inside/confine.h"
#include "inside/console.h"

enum { FD_SIGNAL, FD_PROGRAM, FD_REST };

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

/* Blocked from before the clone on, so that none is lost; those the caller ignores stay out of it (nohup). */
static void take_signals(uint64_t ignored, sigset_t *set)
{
    (void) sigemptyset(set);
    for (size_t i = 0; i < COUNT_OF(passed_on); i++)
        if (ignored == UINT64_MAX || !(ignored & UINT64_C(1) << (passed_on[i] - 1)))
            (void) sigaddset(set, passed_on[i]);
    (void) sigaddset(set, SIGCHLD);
    (void) sigaddset(set, SIGWINCH);
    (void) sigaddset(set, SIGCONT);
    (void) sigaddset(set, SIGPIPE);
    (void) sigprocmask(SIG_BLOCK, set, NULL);
    /* a caller may have it ignored: then the program would leave no status behind */
    (void) signal(SIGCHLD, SIG_DFL);
}

static bool is_passed_on(int sig)
{
    for (size_t i = 0; i < COUNT_OF(passed_on); i++)
        if (passed_on[i] == sig)
            return true;
    return false;
}

static void pass_on(const struct entered *entered, int sig)
{
    if (is_passed_on(sig))
        (void) sys_pidfd_send_signal(entered->pidfd, sig, NULL, 0);
}

static int exit_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Waits without polling anything: nothing is carried. */
static int wait_for_end(const struct entered *entered, const sigset_t *set)
{
    int status;

    for (;;) {
        pid_t pid = waitpid(entered->pid, &status, WNOHANG);

        if (pid == entered->pid)
            return exit_status(status);
        if (pid < 0 && errno != EINTR)
            return ENTRY_FAILED;
        pass_on(entered, sigwaitinfo(set, NULL));
    }
}

static int reap(const struct entered *entered)
{
    int status;

    while (waitpid(entered->pid, &status, 0) < 0)
        if (errno != EINTR)
            return ENTRY_FAILED;
    return exit_status(status);
}

/* -- pipes in place of terminals -- */

static void pass_on_all(const struct entered *entered, int signal_fd)
{
    struct signalfd_siginfo info;

    while (read(signal_fd, &info, sizeof info) == (ssize_t) sizeof info)
        pass_on(entered, (int) info.ssi_signo);
}

static int carry_streams(struct streams *streams, const struct entered *entered, int signal_fd)
{
    struct pollfd fds[FD_REST + STREAMS_POLL_FDS];

    for (;;) {
        fds[FD_SIGNAL] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
        fds[FD_PROGRAM] = (struct pollfd){.fd = entered->pidfd, .events = POLLIN};
        streams_poll_fds(streams, fds + FD_REST);
        (void) poll(fds, COUNT_OF(fds), -1);
        if (fds[FD_SIGNAL].revents)
            pass_on_all(entered, signal_fd);
        streams_carry(streams, fds + FD_REST);
        if (fds[FD_PROGRAM].revents)
            break;
    }
    streams_drain(streams);
    return reap(entered);
}

static int open_signals(const sigset_t *set, struct error **err)
{
    int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

    return fd < 0 ? fail(err, errno, "cannot read signals from a descriptor") : fd;
}

static int start(struct session *session, struct entered *ret, int *ret_status, struct error **err)
{
    struct entry *entry = &session->entry;
    int r = entry_start(entry, ret, ret_status, err);

    if (r >= 0 || entry->argv || *ret_status != ENTRY_NOT_FOUND || !session->find_shell)
        return r;
    /* no shell in there: the one that redd brings along */
    *err = error_free(*err);
    if (session->find_shell(entry, err) < 0)
        return -error_code(*err);
    return entry_start(entry, ret, ret_status, err);
}

static int run_with_streams(struct session *session, const sigset_t *set, int *ret_status, struct error **err)
{
    CLEANUP(streams_done) struct streams streams = STREAMS_EMPTY;
    struct entered entered;
    auto_close int signal_fd = -1;

    if (streams_open(&streams, session->entry.fds, err) < 0)
        return -error_code(*err);
    session->entry.ends_with_caller = true;
    if (streams.carries && (signal_fd = open_signals(set, err)) < 0)
        return -error_code(*err);
    if (start(session, &entered, ret_status, err) < 0)
        return -error_code(*err);
    if (streams.carries) {
        streams_close_ends(&streams);
        *ret_status = carry_streams(&streams, &entered, signal_fd);
    } else
        *ret_status = wait_for_end(&entered, set);
    (void) close(entered.pidfd);
    return 0;
}

/* -- a terminal -- */

struct visit {
    struct console console;
    struct entered *entered;
    int signal_fd;
    bool is_over;               /* the caller has left */
};

static void handle_signals(struct visit *visit)
{
    struct signalfd_siginfo info;

    while (read(visit->signal_fd, &info, sizeof info) == (ssize_t) sizeof info) {
        if (info.ssi_signo == SIGWINCH)
            console_resize(&visit->console);
        else if (info.ssi_signo == SIGCONT)
            console_resume(&visit->console);
        else
            pass_on(visit->entered, (int) info.ssi_signo);
    }
}

/* Until the program has ended or the caller has left. */
static void carry_terminal(struct visit *visit)
{
    struct pollfd fds[FD_REST + CONSOLE_POLL_FDS];
    bool has_ended = false;

    while (!has_ended && !visit->is_over) {
        fds[FD_SIGNAL] = (struct pollfd){.fd = visit->signal_fd, .events = POLLIN};
        fds[FD_PROGRAM] = (struct pollfd){.fd = visit->entered->pidfd, .events = POLLIN};
        for (size_t i = FD_REST; i < COUNT_OF(fds); i++)
            fds[i] = (struct pollfd){.fd = -1};
        (void) console_poll_fds(&visit->console, fds + FD_REST);
        if (poll(fds, COUNT_OF(fds), console_timeout_ms(&visit->console)) < 0)
            continue;
        if (fds[FD_SIGNAL].revents)
            handle_signals(visit);

        enum console_event event = console_handle(&visit->console, fds + FD_REST, CONSOLE_POLL_FDS, clock_ms());
        visit->is_over = event == CONSOLE_KILL || event == CONSOLE_HANGUP;
        has_ended = fds[FD_PROGRAM].revents != 0;
    }
    if (has_ended)
        while (!console_drain(&visit->console, visit->signal_fd, -1))
            handle_signals(visit);
}

static void tell_of_begin(const struct session *session)
{
    const struct guest *guest = session->entry.guest;

    if (session->tells && guest->is_host)
        log_info("Connected to the local host. Press ^] three times within 1s to exit session.");
    else if (session->tells)
        log_info("Connected to machine %s. Press ^] three times within 1s to exit session.", guest_name(guest));
}

static void tell_of_end(const struct session *session)
{
    const struct guest *guest = session->entry.guest;

    if (session->tells && guest->is_host)
        log_info("Connection to the local host terminated.");
    else if (session->tells && guest_is_alive(guest))
        log_info("Connection to machine %s terminated.", guest_name(guest));
    else if (session->tells)
        log_info("Machine %s terminated.", guest_name(guest));
}

/* Brings up the program: by the machine's service manager, or by ourselves where that is not to be. */
static int start_at_terminal(struct session *session, struct guest_session *managed, bool *by_manager,
                             struct entered *ret, int *ret_status, struct error **err)
{
    auto_error struct error *ignored = NULL;

    if (*by_manager && guest_session_start(managed, ret, ret_status, &ignored) == 0)
        return 0;
    *by_manager = false;
    return start(session, ret, ret_status, err);
}

/* To the end of the program. One that the machine's manager should have made and did not, we make. */
static int carry_to_end(struct session *session, struct visit *visit, struct guest_session *managed, bool is_managed,
                        int *ret_status, struct error **err)
{
    for (;;) {
        carry_terminal(visit);
        *ret_status = visit->is_over ? 0 : reap(visit->entered);
        if (visit->is_over || !is_managed || guest_session_judge(managed, ret_status))
            return 0;
        is_managed = false;
        fd_closep(&visit->entered->pidfd);
        if (start(session, visit->entered, ret_status, err) < 0)
            return -error_code(*err);
    }
}

static int run_with_terminal(struct session *session, const sigset_t *set, int *ret_status, struct error **err)
{
    CLEANUP(guest_session_done) struct guest_session managed = GUEST_SESSION_EMPTY;
    CLEANUP(securetty_hide) struct securetty securetty = SECURETTY_EMPTY;
    auto_error struct error *ignored = NULL;
    struct entered entered;
    auto_close int signal_fd = open_signals(set, err), master_fd = -1, peer_fd = -1;
    struct visit visit = {.entered = &entered, .signal_fd = signal_fd};

    if (signal_fd < 0 || guest_terminal_open(session->entry.guest, &master_fd, &peer_fd, err) < 0)
        return -error_code(*err);
    for (int fd = 0; fd <= 2; fd++)
        session->entry.fds[fd] = peer_fd;
    session->entry.has_terminal = true;
    bool is_managed = session->by_manager && guest_session_prepare(&session->entry, master_fd, &managed);
    auto_close int spare_fd = is_managed ? fcntl(peer_fd, F_DUPFD_CLOEXEC, 3) : -1;
    if (session->meets_securetty && securetty_show(&securetty, session->entry.guest, master_fd, &ignored) < 0)
        log_debug("%s", error_text(ignored));
    if (start_at_terminal(session, &managed, &is_managed, &entered, ret_status, err) < 0)
        return -error_code(*err);
    for (int fd = 0; is_managed && fd <= 2; fd++)
        session->entry.fds[fd] = spare_fd;      /* should it come to that: by then the peer's end is the console's */

    const struct console_setup setup = {
        .mode = CONSOLE_INTERACTIVE, .master_fd = master_fd, .peer_fd = take_fd(&peer_fd), .in_fd = STDIN_FILENO,
        .out_fd = STDOUT_FILENO,
    };
    tell_of_begin(session);
    int r = console_start(&visit.console, &setup, err);
    if (r == 0)
        r = carry_to_end(session, &visit, &managed, is_managed, ret_status, err);
    console_stop(&visit.console);
    /* what is left of the session is hung up by this */
    fd_closep(&master_fd);
    tell_of_end(session);
    fd_closep(&entered.pidfd);
    return r;
}

int session_run(struct session *session, int *ret_status, struct error **err)
{
    sigset_t set;

    *ret_status = ENTRY_FAILED;
    session->entry.ignored_signals = confine_read_ignored_signals();
    take_signals(session->entry.ignored_signals, &set);
    return session->has_terminal ? run_with_terminal(session, &set, ret_status, err)
                                 : run_with_streams(session, &set, ret_status, err);
}
