/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The supervisor's life while the payload runs: one poll over signals, the payload's pidfd, its notifications, the
 * console, and whatever else has something to wait for (event.h). It sleeps until one of them speaks.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"
#include "inside/console.h"
#include "inside/init_kind.h"
#include "runtime/control.h"
#include "runtime/event.h"
#include "runtime/notify.h"
#include "runtime/ready.h"
#include "runtime/run_state.h"
#include "runtime/watchdog.h"

/* What systemd as PID 1 takes for requests. Kernel numbers: C libraries differ in where SIGRTMIN starts. */
enum { SIGNAL_REBOOT = SIGINT, SIGNAL_POWEROFF = 34 + 4 };
enum { EXIT_REBOOT = 133 };
enum { FD_SIGNAL, FD_PAYLOAD, FD_NOTIFY, FD_CONSOLE, N_FDS = FD_CONSOLE + CONSOLE_POLL_FDS };

struct supervision {
    struct run *run;
    struct console console;
    bool was_asked_to_stop;
    bool was_killed; /* by us */
    bool starts_anew; /* was killed for that */
    struct event_source ask_again; /* of an init that did not hear the request to end */
    int64_t patience_ends_ms;
};

static void send_signal(struct supervision *s, int sig)
{
    (void) sys_pidfd_send_signal(s->run->pidfd, sig, NULL, 0);
}

static void kill_payload(struct supervision *s)
{
    s->was_killed = true;
    send_signal(s, SIGKILL);
}

/* A signal that was asked for is sent as it is; else the init is spoken to in its own words, and where it does not
 * listen yet, as in the first moments of a boot, once more a little later. */
static void ask_to_end(struct supervision *s, int64_t now_ms)
{
    const struct run *run = s->run;
    int number = run->spec->kill_signal;

    if (number != KILL_SIGNAL_OF_INIT || run->spec->start != START_BOOT) {
        send_signal(s, number);
        return;
    }

    enum init_kind kind = init_ask(run->pid, run->pidfd, INIT_POWER_OFF);
    if (kind != INIT_NONE && kind != INIT_EARLY)
        return;
    if (now_ms < s->patience_ends_ms) {
        s->ask_again.deadline_ms = now_ms + INIT_AGAIN_MS;
        return;
    }
    log_info("Container %s does not listen to requests to shut down, killing it.", run->spec->machine);
    kill_payload(s);
}

static void ask_again(struct event_source *source, short revents, int64_t now_ms)
{
    (void) revents;
    ask_to_end(source->data, now_ms);
}

static void begin_to_ask(struct supervision *s)
{
    int64_t now_ms = clock_ms();

    s->was_asked_to_stop = true;
    s->patience_ends_ms = now_ms + INIT_PATIENCE_MS;
    ask_to_end(s, now_ms);
}

/* SIGTERM and SIGINT: once politely where there is a polite way, then not. */
static void stop_asked(struct supervision *s)
{
    if (s->run->spec->kill_signal == 0 || s->was_asked_to_stop) {
        kill_payload(s);
        return;
    }
    log_info("Trying to halt container by sending TERM to container PID 1. Send SIGTERM again to trigger immediate "
             "termination.");
    begin_to_ask(s);
}

/* Asked over the control socket; asking once more is no reason to kill there, since one can say that, too. */
static void stop_wanted(void *data, enum control_stop how)
{
    struct supervision *s = data;

    s->starts_anew = how == CONTROL_STOP_AGAIN;
    if (how == CONTROL_STOP_NOTE)
        s->was_asked_to_stop = true;
    else if (how != CONTROL_STOP_ASK || s->run->spec->kill_signal == 0)
        kill_payload(s);
    else
        begin_to_ask(s);
}

static void handle_signal(struct supervision *s)
{
    struct signalfd_siginfo info;

    while (read(s->run->signal_fd, &info, sizeof info) == (ssize_t) sizeof info)
        switch (info.ssi_signo) {
        case SIGTERM:
        case SIGINT:
        case SIGHUP:
        case SIGQUIT:
            stop_asked(s);
            break;
        case SIGWINCH:
            console_resize(&s->console);
            break;
        case SIGCONT:
            console_resume(&s->console);
            break;
        default: /* SIGPIPE: the write that caused it has said so already */
            break;
        }
}

static void handle_console(struct supervision *s, const struct pollfd *fds)
{
    switch (console_handle(&s->console, fds, CONSOLE_POLL_FDS, clock_ms())) {
    case CONSOLE_KILL:
        kill_payload(s);
        break;
    case CONSOLE_REBOOT:
        send_signal(s, SIGNAL_REBOOT);
        break;
    case CONSOLE_POWEROFF:
        send_signal(s, SIGNAL_POWEROFF);
        break;
    case CONSOLE_HANGUP:
        stop_asked(s);
        break;
    case CONSOLE_NOTHING:
        break;
    }
}

/* Those the console does not need stay empty. */
static bool poll_console(const struct supervision *s, struct pollfd fds[CONSOLE_POLL_FDS])
{
    for (size_t i = 0; i < CONSOLE_POLL_FDS; i++)
        fds[i] = (struct pollfd){.fd = -1};
    return console_poll_fds(&s->console, fds) > 0;
}

/* Waits for the payload's end; returns what waitpid() says of it. */
static int watch(struct supervision *s)
{
    struct run *run = s->run;
    int status;

    for (;;) {
        size_t n;
        struct pollfd *fds = events_poll_fds(&run->events, N_FDS, &n);
        int console_timeout = console_timeout_ms(&s->console);

        fds[FD_SIGNAL] = (struct pollfd){.fd = run->signal_fd, .events = POLLIN};
        fds[FD_PAYLOAD] = (struct pollfd){.fd = run->pidfd, .events = POLLIN};
        fds[FD_NOTIFY] = (struct pollfd){.fd = run->notify_fd, .events = POLLIN};
        bool has_console = poll_console(s, fds + FD_CONSOLE);

        if (poll(fds, n, events_timeout_ms(&run->events, console_timeout, clock_ms())) < 0 && errno != EINTR)
            kill_payload(s);
        if (fds[FD_SIGNAL].revents)
            handle_signal(s);
        if (fds[FD_NOTIFY].revents)
            notify_handle(run);
        if (has_console)
            handle_console(s, fds + FD_CONSOLE);
        if (has_console && run->host->console_wrote)
            run->host->console_wrote(run->host->data, console_written(&s->console));
        if (fds[FD_PAYLOAD].revents)
            break;
        events_dispatch(&run->events, N_FDS, clock_ms());
    }
    notify_stopping();
    while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static void tell_end(const struct supervision *s, enum run_ending_kind kind, int number)
{
    const struct run_host *host = s->run->host;
    const struct run_ending ending = {
        .kind = kind, .number = number, .was_asked = s->was_killed || s->was_asked_to_stop};

    if (host->ended)
        host->ended(host->data, &ending);
}

/* Restart= of redd.nspawn(5). What somebody ended stays ended, and so does what fails again and again at once. */
static bool is_to_be_restarted(struct supervision *s, bool failed)
{
    enum { QUICK_MS = 10000, QUICK_MAX = 5 };
    struct run *run = s->run;
    enum restart_mode mode = run->spec->restart;

    if (mode == RESTART_NO || (mode == RESTART_ON_FAILURE && !failed) || s->was_asked_to_stop || s->was_killed ||
        control_wants_end(run))
        return false;
    run->n_restarts = clock_ms() - run->started_ms < QUICK_MS ? run->n_restarts + 1 : 0;
    if (run->n_restarts > QUICK_MAX) {
        log_error("Container %s ended %d times within seconds of its start, giving up.", run->spec->machine, QUICK_MAX);
        return false;
    }
    run->rest_us = run->spec->restart_delay_us;
    return true;
}

/* The payload's end as an exit status. Inside a pid namespace reboot(2) ends PID 1 with a signal: SIGHUP for a
 * reboot, SIGINT for halt and power-off (pid_namespaces(7)). */
static int judge(struct supervision *s, int status, bool *ret_again)
{
    const struct spec *spec = s->run->spec;
    const char *name = spec->machine;

    if (WIFEXITED(status)) {
        int code = WEXITSTATUS(status);

        tell_end(s, RUN_EXITED, code);
        *ret_again = is_to_be_restarted(s, code != 0);
        if (!s->run->is_quiet && code == 0)
            log_info("Container %s exited successfully.", name);
        else if (!s->run->is_quiet)
            log_info("Container %s failed with error code %d.", name, code);
        return code;
    }

    int sig = WTERMSIG(status);
    bool reboots = sig == SIGHUP || (s->starts_anew && sig == SIGKILL);
    if (sig == SIGINT || (reboots && control_wants_end(s->run))) {
        tell_end(s, RUN_POWERED_OFF, 0);
        if (!s->run->is_quiet)
            log_info("Container %s has been shut down.", name);
        return EXIT_SUCCESS;
    }
    if (reboots) {
        if (!s->run->is_quiet)
            log_info("Container %s is being rebooted.", name);
        *ret_again = !spec->keep_unit;
        if (!*ret_again)
            tell_end(s, RUN_REBOOTED, 0);
        return EXIT_REBOOT;
    }
    const char *signal_name = strsignal(sig);
    tell_end(s, RUN_KILLED, sig);
    *ret_again = is_to_be_restarted(s, true);
    if (!s->was_killed || !s->run->is_quiet)
        log_error("Container %s terminated by signal %s.", name, sig == SIGKILL ? "KILL" : signal_name);
    return EXIT_FAILURE;
}

static int start_console(struct supervision *s, struct error **err)
{
    struct run *run = s->run;
    const struct console_setup setup = {
        .mode = run->console_mode,
        .master_fd = run->pty_fd,
        .peer_fd = take_fd(&run->pty_peer_fd),
        .in_fd = STDIN_FILENO,
        .out_fd = STDOUT_FILENO,
        .escape = run->spec->escape,
        .background = run->spec->background,
    };

    return run->console_mode == CONSOLE_PIPE ? 0 : console_start(&s->console, &setup, err);
}

int supervise(struct run *run, int *ret_status, bool *ret_again, struct error **err)
{
    struct supervision s = {.run = run, .ask_again = {.fd = -1, .ready = ask_again, .data = &s}};
    const struct control_boot boot = {.console = &s.console, .stop = stop_wanted, .data = &s};

    if (start_console(&s, err) < 0) {
        kill_payload(&s);
        (void) waitpid(run->pid, NULL, 0);
        return -error_code(*err);
    }
    events_add(&run->events, &s.ask_again);
    control_follow(run, &boot);
    notify_started(run);
    ready_start(run);
    watchdog_start(run);
    run->started_ms = clock_ms();

    int status = watch(&s);
    ready_done(run);
    events_remove(&run->events, &s.ask_again);

    /* a change of the window's size calls away, and is no reason to lose output; a request to stop is */
    while (!console_drain(&s.console, run->signal_fd, -1) && !s.was_asked_to_stop && !s.was_killed)
        handle_signal(&s);
    control_ended(run);
    console_stop(&s.console);
    *ret_status = judge(&s, status, ret_again);
    notify_ended(*ret_status);
    return 0;
}
