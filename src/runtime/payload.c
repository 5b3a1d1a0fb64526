/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The payload itself: which user, which environment, which program; and exec. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "inside/confine.h"
#include "inside/getent.h"
#include "inside/program.h"
#include "inside/user.h"
#include "runtime/integrate.h"
#include "runtime/run_state.h"
#include "runtime/stub_init.h"

static const char *const init_programs[] = {"/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/sbin/init"};

/* A getent out of the tree is not to be trusted: it runs under the filter that the payload will have. */
static int confine_getent(void *data)
{
    struct child *child = data;
    auto_error struct error *ignored = NULL;

    return child->run->spec->seccomp ? step_system_calls_filter(child, &ignored) : 0;
}

int step_user_resolve(struct child *child, struct error **err)
{
    const struct getent_guard guard = {.confine = confine_getent, .data = child};
    const char *name = child->run->spec->user;
    int r = integration_find_user(child->run, child->root_fd, name, &child->user)
                ? 0
                : user_resolve(child->root_fd, name, &child->user, err);

    if (r == -ESRCH) {
        *err = error_free(*err);
        r = user_resolve_by_getent(child->root_fd, name, &guard, &child->user, err);
    }
    if (r < 0)
        return r;
    return 0;
}

static void set(struct strings *list, const char *name, const char *value)
{
    auto_free char *assignment = mem_format("%s=%s", name, value);

    environment_set(list, assignment);
}

/* The caller's terminal type means something inside only where what is written there ends on the caller's terminal. */
static void set_terminal(const struct run *run, struct strings *list)
{
    static const char *const passed[] = {"COLORTERM", "NO_COLOR"};
    const char *term = getenv("TERM");
    /* who says something about colours has a reader in mind who sees them */
    bool is_terminal = run->console_mode == CONSOLE_PIPE
                           ? run->output_is_terminal && isatty(STDIN_FILENO)
                           : run->output_is_terminal || getenv("NO_COLOR") || getenv("SYSTEMD_COLORS");

    if (!is_terminal || !term || !*term || strcmp(term, "dumb") == 0) {
        set(list, "TERM", "dumb");
        return;
    }
    set(list, "TERM", term);
    for (size_t i = 0; i < COUNT_OF(passed); i++)
        if (getenv(passed[i]))
            set(list, passed[i], getenv(passed[i]));
}

int step_environment_make(struct child *child, struct error **err)
{
    const struct run *run = child->run;
    const struct spec *spec = run->spec;
    struct strings *list = &child->environment;
    char uuid[37];

    (void) err;
    id128_format_uuid(run->machine_id, uuid);
    set(list, "PATH", PROGRAM_PATH_DEFAULT);
    set(list, "container", spec->container_service);
    set_terminal(run, list);
    set(list, "HOME", child->user.home);
    set(list, "USER", child->user.name);
    set(list, "LOGNAME", child->user.name);
    set(list, "container_uuid", uuid);
    if (run->n_listen_fds > 0) {
        strings_add_format(list, "LISTEN_FDS=%u", run->n_listen_fds);
        set(list, "LISTEN_PID", "1");
        if (getenv("LISTEN_FDNAMES"))
            set(list, "LISTEN_FDNAMES", getenv("LISTEN_FDNAMES"));
    }
    if (spec->n_credentials > 0)
        set(list, "CREDENTIALS_DIRECTORY", "/run/host/credentials");
    set(list, "NOTIFY_SOCKET", "/run/host/notify");
    if (spec->start != START_BOOT)
        set(list, "LANG", "C.UTF-8");
    for (size_t i = 0; i < run->host_environment.count; i++)
        environment_set(list, run->host_environment.item[i]);
    for (size_t i = 0; i < spec->environment.count; i++)
        environment_set(list, spec->environment.item[i]);
    return 0;
}

/* What systemd is told besides, by whatever is not said already. */
static char *hostname_argument(const struct run *run)
{
    for (size_t i = 0; i < run->spec->command.count; i++)
        if (string_starts(run->spec->command.item[i], "systemd.hostname="))
            return NULL;
    return run->hostname_argument;
}

static int exec_init(struct child *child, struct error **err)
{
    const struct strings *arguments = &child->run->spec->command;
    char **argv = child->init_argv = mem_alloc((arguments->count + 3) * sizeof *argv);
    char *hostname = hostname_argument(child->run);
    const char *there = NULL;
    int code = ENOENT;

    if (arguments->count > 0)
        memcpy(argv + 1, arguments->item, arguments->count * sizeof *argv);
    for (size_t i = 0; i < COUNT_OF(init_programs); i++) {
        argv[0] = (char *) init_programs[i];
        argv[arguments->count + 1] = strstr(init_programs[i], "/systemd") ? hostname : NULL;
        (void) execve(argv[0], argv, child->environment.item);
        int why = errno;
        auto_close int fd = path_open_in(child->root_fd, argv[0], O_PATH, 0);
        if (fd >= 0 && !there) {
            there = init_programs[i];
            code = why;
        }
    }
    if (there)
        return program_failed(child->root_fd, there, there, code, err);

    int r = fail(err, code, "execv(%s, %s, %s) failed", init_programs[0], init_programs[1], init_programs[2]);
    fail_id(*err, "R2402");
    fail_hint(
        *err,
        "the tree has no init program that runs here; install one (Debian: systemd-sysv), or run a command instead");
    return r;
}

static int exec_shell(struct child *child, struct error **err)
{
    char *bash[] = {"-bash", NULL}, *sh[] = {"-sh", NULL};

    (void) execve("/bin/bash", bash, child->environment.item);
    (void) execve("/bin/sh", sh, child->environment.item);

    int r = fail(err, errno, "execv(/bin/bash, /bin/sh) failed");
    fail_id(*err, "R2403");
    fail_hint(*err, "the tree has no shell; name the program to run on the command line");
    return r;
}

int step_working_directory_enter(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;
    bool shell = spec->start != START_BOOT && spec->command.count == 0;

    (void) umask(0022);
    confine_signals(confine_read_ignored_signals());
    if (spec->working_directory) {
        if (chdir(spec->working_directory) == 0)
            return 0;

        int r = fail(err, errno, "no folder %s in the container", spec->working_directory);
        fail_id(*err, "R2404");
        fail_hint(*err, "--chdir= names a folder inside the container");
        return r;
    }
    /* a missing home is tolerated: the shell then starts at the root */
    if (shell)
        (void) chdir(child->user.home);
    return 0;
}

/* Becomes the command; returns only when that failed. */
static int start(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;

    if (spec->start == START_BOOT)
        return exec_init(child, err);
    return spec->command.count == 0 ? exec_shell(child, err)
                                    : program_exec(child->root_fd, spec->command.item, &child->environment, err);
}

/* PID 2 of the stub init: the same, but the handshake is its own to answer. */
static int start_under_stub(void *data)
{
    struct child *child = data;
    auto_error struct error *err = NULL;

    if (start(child, &err) < 0)
        child_fail(child, err);
    return EXIT_FAILURE;
}

int step_payload_exec(struct child *child, struct error **err)
{
    const struct run *run = child->run;
    const struct stub_init stub = {
        .exec_payload = start_under_stub,
        .data = child,
        .title = run->host->title,
        .title_size = run->host->title_size,
    };
    int status;

    if (run->spec->start != START_STUB_INIT)
        return start(child, err);
    if (stub_init_run(&stub, &status, err) < 0)
        return -error_code(*err);
    _exit(status);
}
