/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * redd logs NAME: what a machine's console said, and what its own journal has, where it has one and the host has
 * journalctl(1) to read it with.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/id128.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/interrupt.h"
#include "cli/run_host.h"
#include "cli/scope.h"
#include "cli/verb.h"
#include "config/machine_name.h"
#include "enter/guest.h"
#include "image/find.h"
#include "image/image_verbs.h"
#include "machine/log.h"
#include "machine/registry.h"

#define JOURNALCTL "/usr/bin/journalctl"

/* How much is printed when nobody says. */
enum { LINES_DEFAULT = 1000 };

/* Where journalctl finds the folder it is given. */
enum { JOURNAL_FD = 3 };

struct printer {
    const char *name;
    enum json_style json;
};

static bool print_line(void *data, const char *line)
{
    const struct printer *printer = data;

    if (printer->json != JSON_OFF) {
        struct json json = {.style = JSON_SHORT};

        json_object(&json, NULL);
        json_string(&json, "machine", printer->name);
        json_string(&json, "line", line);
        json_end(&json);
        json_finish(&json);
    } else
        (void) puts(line);
    return fflush(stdout) == 0;
}

/* -- journals -- */

/* The tree of the machine as it is while it runs, else of its image; -1: none. */
static int open_tree(const char *name)
{
    const struct registry registry = host_registry();
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    CLEANUP(image_done) struct image image = {0};
    auto_error struct error *not_running = NULL, *no_image = NULL;
    int fd;

    if (guest_open(&registry, name, &guest, &not_running) >= 0)
        return take_fd(&guest.root_fd);
    return image_find(name, geteuid() != 0, &image, &no_image) == 0 && image_tree_open(&image, &fd, &no_image) == 0
               ? fd : -1;
}

/* A journal lies in a folder that is named by a machine's id. The folder for them is made empty, for whoever may come
 * to keep one, and may hold other things. */
static bool has_journal(int folder_fd)
{
    DIR *folder = fdopendir(openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const struct dirent *entry;
    struct id128 ignored;
    bool found = false;

    while (folder && !found && (entry = readdir(folder)))
        found = entry->d_type != DT_REG && id128_parse(entry->d_name, &ignored) == 0;
    if (folder)
        (void) closedir(folder);
    return found;
}

/* The folder of the machine's own journal, looked for in its tree; -1: none. */
static int open_journal(const char *name)
{
    auto_close int root_fd = open_tree(name);
    int fd = root_fd < 0 ? -1 : path_open_in(root_fd, "/var/log/journal", O_RDONLY | O_DIRECTORY, 0);

    if (fd >= 0 && !has_journal(fd))
        fd_closep(&fd);
    return fd;
}

static void add_common(struct strings *argv, const struct verb_options *options, unsigned lines)
{
    strings_add(argv, JOURNALCTL);
    strings_add(argv, "--no-pager");
    strings_add(argv, "--quiet");
    strings_add(argv, "-n");
    strings_add_format(argv, "%u", lines);
    strings_add(argv, "-o");
    strings_add(argv, options->json != JSON_OFF ? "json" : options->output);
    if (options->follow)
        strings_add(argv, "--follow");
}

/* Starts journalctl; 0: it could not be. */
static pid_t spawn_journalctl(const struct strings *argv, int journal_fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid = 0;

    (void) fflush(stdout);
    (void) sigemptyset(&none);
    (void) posix_spawn_file_actions_init(&actions);
    if (journal_fd >= 0)
        (void) posix_spawn_file_actions_adddup2(&actions, journal_fd, JOURNAL_FD);
    (void) posix_spawnattr_init(&attributes);
    (void) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    (void) posix_spawnattr_setsigmask(&attributes, &none);
    if (posix_spawn(&pid, argv->item[0], &actions, &attributes, argv->item, environ) != 0)
        pid = 0;
    (void) posix_spawnattr_destroy(&attributes);
    (void) posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* The unit's lines in the host's journal: its console, where the service manager runs it. */
static pid_t start_unit_journal(const char *name, const struct verb_options *options, unsigned lines)
{
    CLEANUP(strings_done) struct strings argv = {0};

    if (!service_manager_is_systemd() || access(JOURNALCTL, X_OK) < 0)
        return 0;
    add_common(&argv, options, lines);
    strings_add(&argv, "-u");
    strings_add_format(&argv, "systemd-nspawn@%s.service", name);
    return spawn_journalctl(&argv, -1);
}

static pid_t start_own_journal(const char *name, const struct verb_options *options, unsigned lines)
{
    CLEANUP(strings_done) struct strings argv = {0};

    if (access(JOURNALCTL, X_OK) < 0)
        return 0;
    /* by a number that dup2() has to copy to, or the descriptor would be closed at exec */
    int found = open_journal(name);
    auto_close int journal_fd = found < 0 ? -1 : fcntl(found, F_DUPFD_CLOEXEC, JOURNAL_FD + 1);
    fd_closep(&found);
    if (journal_fd < 0)
        return 0;
    add_common(&argv, options, lines);
    strings_add(&argv, "-D");
    strings_add_format(&argv, "/proc/self/fd/%d", JOURNAL_FD);
    return spawn_journalctl(&argv, journal_fd);
}

static void await(pid_t pid)
{
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static void end(pid_t pid)
{
    if (pid > 0)
        (void) kill(pid, SIGTERM);
    await(pid);
}

/* -- the two ways -- */

static int print_all(struct printer *printer, const struct verb_options *options, unsigned lines, struct error **err)
{
    CLEANUP(strings_done) struct strings tail = {0};

    if (machine_log_tail(MACHINE_LOG_FOLDER, printer->name, lines, &tail, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < tail.count; i++)
        if (!print_line(printer, tail.item[i]))
            return 0;
    await(start_unit_journal(printer->name, options, lines));
    await(start_own_journal(printer->name, options, lines));
    return 0;
}

/* Until a signal ends it; then those we started end, too. */
static int follow(struct printer *printer, const struct verb_options *options, unsigned lines, struct error **err)
{
    auto_close int signal_fd = interrupt_open();

    pid_t unit = start_unit_journal(printer->name, options, lines);
    pid_t own = start_own_journal(printer->name, options, lines);
    int r = machine_log_follow(MACHINE_LOG_FOLDER, printer->name, lines, signal_fd, print_line, printer, err);
    end(unit);
    end(own);
    return r;
}

static bool has_log(const char *name)
{
    auto_free char *path = machine_log_console(MACHINE_LOG_FOLDER, name);
    auto_close int journal_fd = open_journal(name);

    return access(path, F_OK) == 0 || journal_fd >= 0 || service_manager_is_systemd();
}

int verb_logs(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    struct printer printer = {.name = call->argv[0], .json = options->json};
    unsigned lines = options->lines_given ? options->lines : LINES_DEFAULT;

    (void) ret_status;
    if (machine_name_check(printer.name, err) < 0)
        return -error_code(*err);
    if (options->follow)
        return follow(&printer, options, lines, err);
    if (!has_log(printer.name)) {
        fail_plain(err, ENOENT, "there is no log of machine '%s'", printer.name);
        fail_id(*err, "R4044");
        fail_hint(*err, "a log is kept of machines that 'redd start' starts; "
                        "those of 'redd run' speak to their terminal");
        return -ENOENT;
    }
    return print_all(&printer, options, lines, err);
}
