/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One container's life, from spec to exit status: the phases in order, the supervision, the way back. A reboot inside
 * runs the middle of it again: what was acquired stays, the rest is made anew.
 */
#include "runtime/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/undo.h"
#include "inside/confine.h"
#include "inside/console.h"
#include "inside/escape.h"
#include "net/packet_closer.h"
#include "runtime/control.h"
#include "runtime/limits.h"
#include "runtime/ports.h"
#include "runtime/run_state.h"
#include "runtime/watchdog.h"

static void run_init(struct run *run, const struct spec *spec, const struct run_host *host)
{
    *run = (struct run){.spec = spec, .host = host, .machine = spec->machine};

    int *const fds[] = {
        &run->cgroup_procs_fd, &run->root_fd,         &run->uid_lock_fd, &run->userns_fd,      &run->cgroup_fd,
        &run->cgroup_home_fd, &run->dev_fd,      &run->devpts_fd,      &run->run_fd,
        &run->given_netns_fd,  &run->cgroup_tree_fd,
        &run->sys_fd,          &run->os_release_fd,   &run->incoming_fd, &run->unix_export_fd, &run->kmsg_fd,
        &run->notify_fd,       &run->pty_fd,          &run->pty_peer_fd, &run->handshake_fd,   &run->pidfd,
        &run->signal_fd,
    };
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        *fds[i] = -1;
}

/* Sockets handed to us for the payload (sd_listen_fds(3)): ours only if the pid says so. */
static unsigned count_listen_fds(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint32_t owner, n;

    if (!pid || !count || parse_u32(pid, &owner) < 0 || owner != (uint32_t) getpid() || parse_u32(count, &n) < 0 ||
        n > 1024)
        return 0;
    return n;
}

/* The signals the supervisor answers stay blocked from before the clone on and are read from a descriptor. SIGPIPE is
 * blocked since a reader of the console may leave. The payload's mask is opened before exec. */
static int take_signals(struct run *run, struct error **err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT, SIGPIPE};
    sigset_t set;

    (void) sigemptyset(&set);
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        (void) sigaddset(&set, signals[i]);
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    /* a caller may have it ignored: then the payload would leave no status behind */
    (void) signal(SIGCHLD, SIG_DFL);
    run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return run->signal_fd < 0 ? fail(err, errno, "cannot read signals from a descriptor") : 0;
}

static int facts_announce(struct run *run, struct error **err)
{
    const struct run_facts facts = {
        .name = run->machine,
        .root = run->spec->image ? NULL : run_tree_path(run),
        .service = run->spec->container_service,
        .uuid = run->machine_id,
        .leader = run->pid,
        .leader_pidfd = run->pidfd,
        .cgroup = run->cgroup_path,
        .netif = &run->network_index,
        .n_netif = run->network_index ? 1 : 0,
        .network = spec_has_own_network(run->spec) ? "own" : run->spec->netns_path ? NULL : "host",
    };
    auto_error struct error *remark = NULL;

    if (!run->host->announce)
        return 0;
    if (run->spec->register_machine == TRI_YES)
        return run->host->announce(run->host->data, run->spec, &facts, err);
    if (run->host->announce(run->host->data, run->spec, &facts, &remark) < 0)
        log_debug("cannot register the machine: %s", error_text(remark));
    return 0;
}

/* One boot: from prepared mounts to the payload's end. */
static int run_once(struct run *run, int *ret_status, bool *ret_again, struct error **err)
{
    if (plan_run_phase(run, PREPARE, err) < 0 || launch(run, err) < 0)
        return -error_code(*err);
    run_trim(run);
    control_start(run);
    limits_restore(run);
    ports_start(run);
    if (facts_announce(run, err) < 0) {
        (void) kill(run->pid, SIGKILL);
        run_reap(run);
        return -error_code(*err);
    }
    return supervise(run, ret_status, ret_again, err);
}

/* Between an end and the restart that is wanted. A signal to end, and a stop over the control socket, come through. */
static bool rest(struct run *run)
{
    int64_t until_ms = clock_ms() + (int64_t) (run->rest_us / 1000);

    for (int64_t now = clock_ms(); now < until_ms && !control_wants_end(run); now = clock_ms()) {
        size_t n;
        struct pollfd *fds = events_poll_fds(&run->events, 1, &n);
        int left_ms = until_ms - now > INT32_MAX ? INT32_MAX : (int) (until_ms - now);

        fds[0] = (struct pollfd){.fd = run->signal_fd, .events = POLLIN};
        (void) poll(fds, n, events_timeout_ms(&run->events, left_ms, now));
        if (fds[0].revents)
            return false;
        events_dispatch(&run->events, 1, clock_ms());
    }
    run->rest_us = 0;
    return !control_wants_end(run);
}

/* What a boot made is given back. */
static void run_undo(struct run *run)
{
    struct packet_closer closer = PACKET_CLOSER_INIT;

    if (run->router || run->name_server)
        packet_closer_start(&closer);
    plan_undo_to(run, PREPARE);
    packet_closer_done(&closer);
}

static int banner(const struct spec *spec, const struct run *run, struct error **err)
{
    struct escape escape;
    char text[ESCAPE_BANNER_SIZE];

    /* also where nothing is printed: a bad escape is refused before anything runs */
    if (escape_parse(spec->escape, &escape, err) < 0)
        return -error_code(*err);
    if (run->is_quiet)
        return 0;
    log_info("Spawning container %s on %s.", spec->machine, run_tree_path(run));

    size_t n = escape_banner(&escape, text);
    if (n > 0 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        log_info("%.*s", (int) n - 1, text);
    return 0;
}

int container_run(const struct spec *spec, const struct run_host *host, int *ret_status, struct error **err)
{
    struct run run;
    bool again = true, was_tried_again = false;

    run_init(&run, spec, host);
    run.output_is_terminal = isatty(STDOUT_FILENO);
    run.console_mode = console_mode_effective(spec->console, isatty(STDIN_FILENO), run.output_is_terminal);
    run.is_quiet = spec->quiet || run.console_mode == CONSOLE_PIPE;
    run.n_listen_fds = count_listen_fds();
    confine_read_first_limits(run.pid1_limits);
    plan_make(&run);

    int r = take_signals(&run, err);
    if (r == 0)
        r = plan_run_phase(&run, ACQUIRE, err);
    if (r == 0)
        r = banner(spec, &run, err);

    size_t mark = run.undo ? undo_count(run.undo) : 0;
    while (r == 0 && again) {
        again = false;
        r = run_once(&run, ret_status, &again, err);
        if (r < 0 && run.child_was_stillborn && !was_tried_again) {
            was_tried_again = true;
            error_freep(err);
            r = 0;
            again = true;
        }
        ports_stop(&run);
        run_undo(&run);
        fd_closep(&run.pidfd);
        if (again && host->unwind)
            host->unwind(host->data, run.undo, mark);
        again = again && rest(&run);
    }
    control_done(&run);
    watchdog_done(&run);
    plan_undo_to(&run, ACQUIRE);
    plan_done(&run);
    events_done(&run.events);
    strings_done(&run.host_environment);
    free(run.hostname_argument);
    strings_done(&run.live_limits);
    fd_closep(&run.signal_fd);
    if (r < 0)
        return fail_in(err, "cannot start machine '%s'", spec->machine);
    return 0;
}

int container_cleanup(const struct spec *spec, const struct run_host *host, struct error **err)
{
    struct undo *undo;

    /* Claiming the name undoes what a dead run of ours recorded; what others leave has fixed places. */
    if (host->claim(host->data, spec->machine, &undo, err) < 0)
        return fail_in(err, "cannot clean up after '%s'", spec->machine);

    int r = run_folder_record_leftovers(undo, spec->machine, err);
    host->withdraw(host->data, spec->machine, undo);
    return r;
}
