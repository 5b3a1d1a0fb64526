/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "runtime/control.h"
#include "runtime/notify.h"
#include "runtime/run_state.h"

enum { PAUSE_FIRST_MS = 10, PAUSE_MAX_MS = 1000, TABLE_MAX = 4 << 20 };

struct ready {
    struct run *run;
    struct event_source source; /* a command that runs, or the moment of the next look */
    pid_t pid;                  /* of the command; 0: none */
    int pause_ms;
};

bool ready_at_start(const struct spec *spec)
{
    return !spec->notify_ready && spec->ready_port == 0 && spec->ready_command.count == 0;
}

/* -- a port -- */

/* Lines are "  0: 00000000:0050 00000000:0000 0A …": number, local address and port, remote, state (0A: listens). */
bool ready_table_listens(const char *text, unsigned port)
{
    CLEANUP(strings_done) struct strings lines = {0};
    char wanted[8];

    (void) snprintf(wanted, sizeof wanted, ":%04X", port);
    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        CLEANUP(strings_done) struct strings words = {0};

        strings_split(&words, lines.item[i], " ");
        if (words.count > 3 && string_ends(words.item[1], wanted) && strcmp(words.item[3], "0A") == 0)
            return true;
    }
    return false;
}

static bool port_is_open(const struct run *run)
{
    static const char *const tables[] = {"tcp", "tcp6"};

    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        auto_free char *text = NULL;
        char path[48];

        (void) snprintf(path, sizeof path, "/proc/%d/net/%s", (int) run->pid, tables[i]);
        if (file_read_quiet(AT_FDCWD, path, TABLE_MAX, &text) == 0 && ready_table_listens(text, run->spec->ready_port))
            return true;
    }
    return false;
}

/* -- a command -- */

static int spawn(const struct run *run, pid_t *ret_pid)
{
    CLEANUP(strings_done) struct strings argv = {0};
    auto_free char *program = path_of_self();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;

    strings_add(&argv, "redd");
    strings_add(&argv, "exec");
    strings_add(&argv, run->machine);
    strings_add(&argv, "--");
    for (size_t i = 0; i < run->spec->ready_command.count; i++)
        strings_add(&argv, run->spec->ready_command.item[i]);

    (void) sigemptyset(&none);
    (void) posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; fd++)
        (void) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    (void) posix_spawnattr_init(&attributes);
    (void) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    (void) posix_spawnattr_setsigmask(&attributes, &none);
    int code = posix_spawn(ret_pid, program, &actions, &attributes, argv.item, environ);
    (void) posix_spawnattr_destroy(&attributes);
    (void) posix_spawn_file_actions_destroy(&actions);
    return -code;
}

/* -- looking -- */

static void look_later(struct ready *ready, int64_t now_ms)
{
    ready->source.fd = -1;
    ready->source.deadline_ms = now_ms + ready->pause_ms;
    ready->pause_ms = ready->pause_ms * 3 / 2 + 1 < PAUSE_MAX_MS ? ready->pause_ms * 3 / 2 + 1 : PAUSE_MAX_MS;
}

static void is_ready(struct ready *ready)
{
    struct run *run = ready->run;

    ready_done(run);
    control_ready(run);
    notify_host("READY=1\n", NULL, 0);
}

static void start_command(struct ready *ready, int64_t now_ms)
{
    int r = spawn(ready->run, &ready->pid);

    if (r < 0) {
        log_warning("cannot run the command of ReadyWhen=: %s", strerror(-r));
        ready->pid = 0;
        look_later(ready, now_ms);
        return;
    }
    ready->source.fd = sys_pidfd_open(ready->pid, 0);
    ready->source.events = POLLIN;
}

static void look(struct event_source *source, short revents, int64_t now_ms)
{
    struct ready *ready = source->data;
    int status = 1;

    (void) revents;
    if (ready->run->spec->ready_port > 0) {
        if (port_is_open(ready->run))
            is_ready(ready);
        else
            look_later(ready, now_ms);
        return;
    }
    if (ready->pid == 0) {
        start_command(ready, now_ms);
        return;
    }
    (void) waitpid(ready->pid, &status, 0);
    ready->pid = 0;
    fd_closep(&ready->source.fd);
    if (status == 0)
        is_ready(ready);
    else
        look_later(ready, now_ms);
}

void ready_start(struct run *run)
{
    if (run->spec->ready_port == 0 && run->spec->ready_command.count == 0)
        return;
    struct ready *ready = mem_alloc(sizeof *ready);
    *ready = (struct ready){
        .run = run, .source = {.fd = -1, .ready = look, .data = ready}, .pause_ms = PAUSE_FIRST_MS};
    run->ready = ready;
    events_add(&run->events, &ready->source);
    look_later(ready, clock_ms());
}

void ready_done(struct run *run)
{
    struct ready *ready = run->ready;

    if (!ready)
        return;
    events_remove(&run->events, &ready->source);
    if (ready->pid > 0) {
        (void) kill(ready->pid, SIGKILL);
        (void) waitpid(ready->pid, NULL, 0);
    }
    fd_closep(&ready->source.fd);
    free(TAKE(run->ready));
}
