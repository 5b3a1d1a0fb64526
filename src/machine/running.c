/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending machines. The supervisor is asked first, over its socket, since it is the payload's parent and knows most; but
 * nothing here depends on it: one that hangs is worked around, and what it leaves is undone by the registry.
 */
#include "machine/running.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "config/spec.h"
#include "machine/look.h"

/* A supervisor answers at once or has a reason not to. */
enum { SUPERVISOR_TIMEOUT_MS = 3000, KILL_TIMEOUT_US = 10 * 1000000 };

void running_done(struct running *machine)
{
    machine_state_done(&machine->state);
    fd_closep(&machine->supervisor_pidfd);
    fd_closep(&machine->leader_pidfd);
    free(TAKE(machine->control));
}

/* -1 when the process is gone, or is not the one that ID says (0: unknown). */
static int open_process(uint32_t pid, uint64_t id)
{
    auto_close int fd = pid ? sys_pidfd_open((pid_t) pid, 0) : -1;

    return fd >= 0 && (id == 0 || fd_pidfd_id(fd) == id) ? take_fd(&fd) : -1;
}

int running_open(const struct registry *registry, const char *name, struct running *ret, struct error **err)
{
    enum { TRIES = 100 };
    CLEANUP(running_done) struct running machine = RUNNING_INIT;

    /* in the middle of a reboot the leader that is written down is gone, for a moment */
    for (int i = 0; i < TRIES && machine.leader_pidfd < 0; i++) {
        running_done(&machine);
        if (registry_get(registry, name, &machine.state, err) < 0)
            return -error_code(*err);
        machine.supervisor_pidfd = open_process(machine.state.supervisor, machine.state.supervisor_pidfd_id);
        machine.leader_pidfd = open_process(machine.state.leader, machine.state.leader_pidfd_id);
        if (machine.leader_pidfd < 0)
            (void) poll(NULL, 0, 1);
    }
    machine.registry = registry;
    machine.control = mem_format("%s/%s/control", registry->folder, name);
    *ret = machine;
    machine = (struct running) RUNNING_INIT;
    return 0;
}

int running_ask(const struct running *machine, const char *word, const char *field, struct control_message *ret_answer,
                struct error **err)
{
    CLEANUP(control_message_done) struct control_message request = {.word = mem_copy_string(word)};

    if (field)
        strings_add(&request.fields, field);
    return control_call(machine->control, &request, SUPERVISOR_TIMEOUT_MS, ret_answer, err);
}

/* The same where the answer does not matter. */
static int tell(const struct running *machine, const char *word, const char *field, struct error **err)
{
    CLEANUP(control_message_done) struct control_message answer = {0};

    return running_ask(machine, word, field, &answer, err);
}

/* -- waiting -- */

/* False when the time is up. */
static bool await_process(int pidfd, uint64_t timeout_us)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    int64_t deadline = timeout_us > INT64_MAX / 2 ? -1 : clock_us() + (int64_t) timeout_us;

    for (;;) {
        int64_t left_ms = deadline < 0 ? -1 : (deadline - clock_us() + 999) / 1000;
        int r = poll(&end, 1, deadline < 0 ? -1 : left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int) left_ms);

        if (r > 0)
            return true;
        if (r == 0 && (deadline < 0 || clock_us() < deadline))
            continue;
        if (r == 0 || errno != EINTR)
            return false;
    }
}

int running_await_end(const struct running *machine, uint64_t timeout_us, struct error **err)
{
    const char *name = machine->state.name;
    struct machine_states rest = {0};

    if (machine->supervisor_pidfd >= 0 && !await_process(machine->supervisor_pidfd, timeout_us)) {
        fail_plain(err, ETIMEDOUT, "machine '%s' still runs", name);
        fail_id(*err, "R4020");
        fail_hint(*err, "'redd stop %s' ends it in any case", name);
        return -ETIMEDOUT;
    }
    /* one that was killed has left its clearing up to us */
    int r = registry_survey(machine->registry, &rest, err);
    machine_states_done(&rest);
    return r;
}

/* -- killing -- */

/* The names of processes in the control group, and which of them the kernel keeps. Gives a list for people. */
static char *describe_members(const char *cgroup)
{
    CLEANUP(strings_done) struct strings pids = {0};
    auto_free char *text = NULL;
    auto_free char *path = path_join(cgroup, "cgroup.procs");
    char *list = mem_copy_string("");

    if (file_read_quiet(AT_FDCWD, path, 1 << 20, &text) < 0)
        return list;
    strings_split(&pids, text, "\n");
    for (size_t i = 0; i < pids.count && i < 5; i++) {
        auto_free char *before = list;
        auto_free char *name = process_name(atoi(pids.item[i]));

        list = mem_format("%s%s%s (%s)", before, *before ? ", " : "", pids.item[i], name ? name : "?");
    }
    return list;
}

static int fail_stuck(const struct running *machine, struct error **err)
{
    const char *cgroup = machine->state.cgroup;
    auto_free char *who = cgroup ? describe_members(cgroup) : mem_copy_string("");

    fail_plain(err, ETIMEDOUT, "machine '%s' was killed and does not end%s%s", machine->state.name,
               *who ? ": the kernel still keeps " : "", who);
    fail_id(*err, "R4021");
    fail_hint(*err,
              "a process that waits for a disk or a network file system (state D in ps(1)) ends when that answers");
    return -ETIMEDOUT;
}

/* Nothing in a frozen group forks while it is killed. */
static void freeze(const char *cgroup)
{
    auto_free char *path = path_join(cgroup, "cgroup.freeze");

    (void) file_write_existing(AT_FDCWD, path, "1");
}

int running_terminate(const struct running *machine, struct error **err)
{
    auto_error struct error *ignored = NULL, *silent = NULL;
    const char *cgroup = machine->state.cgroup;

    /* the supervisor has to know that it is meant, or it would start the payload anew */
    bool is_told = tell(machine, "stop", "HOW=now", &silent) == 0;
    if (!is_told && cgroup)
        freeze(cgroup);
    if (machine->leader_pidfd >= 0 && sys_pidfd_send_signal(machine->leader_pidfd, SIGKILL, NULL, 0) < 0 &&
        errno == EPERM)
        return fail(err, EPERM, "cannot kill machine '%s'", machine->state.name);
    if (cgroup)
        (void) cgroup_kill(cgroup, KILL_TIMEOUT_US / 1000, &ignored);
    if (machine->supervisor_pidfd < 0)
        return running_await_end(machine, 0, err);
    if (await_process(machine->supervisor_pidfd, is_told ? KILL_TIMEOUT_US : 0))
        return running_await_end(machine, 0, err);
    if (machine->leader_pidfd >= 0 && !await_process(machine->leader_pidfd, KILL_TIMEOUT_US))
        return fail_stuck(machine, err);

    /* a supervisor without a payload that does not go: it hangs, and all that it knows is written down */
    log_debug("the supervisor of '%s' does not answer: %s", machine->state.name, silent ? error_text(silent) : "");
    (void) sys_pidfd_send_signal(machine->supervisor_pidfd, SIGKILL, NULL, 0);
    return running_await_end(machine, KILL_TIMEOUT_US, err);
}

/* -- asking -- */

/* A signal that was set for the purpose by --kill-signal= or KillSignal=; 0: none. */
static int own_kill_signal(const struct running *machine)
{
    CLEANUP(control_message_done) struct control_message answer = {0};
    auto_error struct error *ignored = NULL;
    uint32_t number;

    if (running_ask(machine, "status", NULL, &answer, &ignored) < 0)
        return 0;
    const char *text = control_get(&answer, "KILL_SIGNAL");
    return text && parse_u32(text, &number) == 0 && number != KILL_SIGNAL_OF_INIT ? (int) number : 0;
}

/* In the first moments of a boot: until the init listens, or is gone. */
static enum init_kind ask_init(const struct running *machine, uint64_t timeout_us)
{
    const uint64_t again_us = INIT_AGAIN_MS * 1000, patience_us = INIT_PATIENCE_MS * 1000;
    uint64_t left_us = timeout_us < patience_us ? timeout_us : patience_us;

    for (;;) {
        enum init_kind kind = init_ask((pid_t) machine->state.leader, machine->leader_pidfd, INIT_POWER_OFF);

        if (kind != INIT_EARLY || left_us < again_us || await_process(machine->leader_pidfd, again_us))
            return kind;
        left_us -= again_us;
    }
}

/* False when there is nobody who would hear. */
static bool ask_to_end(const struct running *machine, uint64_t timeout_us)
{
    int number = own_kill_signal(machine);

    if (machine->leader_pidfd < 0)
        return false;
    if (number > 0)
        return sys_pidfd_send_signal(machine->leader_pidfd, number, NULL, 0) == 0;
    enum init_kind kind = ask_init(machine, timeout_us);
    return kind != INIT_NONE && kind != INIT_EARLY;
}

int running_stop(const struct running *machine, uint64_t timeout_us, struct error **err)
{
    auto_error struct error *silent = NULL, *late = NULL;

    (void) tell(machine, "stop", "HOW=note", &silent);
    if (ask_to_end(machine, timeout_us)) {
        if (running_await_end(machine, timeout_us, &late) == 0)
            return 0;
        if (error_code(late) != ETIMEDOUT) {
            *err = TAKE(late);
            return -error_code(*err);
        }
        log_warning("Machine '%s' does not power off within %llu s: it is killed.", machine->state.name,
                    (unsigned long long) (timeout_us / 1000000));
    }
    return running_terminate(machine, err);
}

int running_reboot(const struct running *machine, struct error **err)
{
    enum init_kind kind = machine->leader_pidfd < 0
                              ? INIT_NONE
                              : init_ask((pid_t) machine->state.leader, machine->leader_pidfd, INIT_REBOOT);

    if (kind != INIT_NONE && kind != INIT_EARLY)
        return 0;
    return tell(machine, "stop", "HOW=again", err);
}

int running_kill(const struct running *machine, enum kill_whom whom, int signal, struct error **err)
{
    const char *cgroup = machine->state.cgroup;
    int fd = whom == KILL_SUPERVISOR ? machine->supervisor_pidfd : machine->leader_pidfd;

    if (whom == KILL_ALL && cgroup)
        return cgroup_signal(cgroup, signal, err);
    if (fd < 0 || (sys_pidfd_send_signal(fd, signal, NULL, 0) < 0 && errno != ESRCH))
        return fail(err, fd < 0 ? ESRCH : errno, "cannot send signal %d", signal);
    return 0;
}
