/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running redd-bus and reading what it says: one line on its standard output when it ends with 0, else an error as
 * error_pack() makes it. The bus itself is spoken in bus.c, in that other program.
 */
#include "ipc/bus_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

#define TIMEOUT_MS_DEFAULT 30000
#define ANSWER_MAX 8192

/* Where the helper finds the connection it is given. */
#define BUS_FD 3

/* Descriptors that the helper gets anew must not have one of the numbers it gets them by. */
static int move_up(int fd)
{
    if (fd < 0 || fd > BUS_FD)
        return fd;

    int higher = fcntl(fd, F_DUPFD_CLOEXEC, BUS_FD + 1);
    (void) close(fd);
    return higher;
}

/* Connects to the bus without a word said: who a message is from is decided by who connected. Gives -1 where the bus
 * is not at a path; then the helper finds it. */
static int connect_bus(const struct bus_client *client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *named = getenv(client->user_scope ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
    const char *path = named ? string_after(named, "unix:path=") : "/run/dbus/system_bus_socket";

    if (!path || (!named && client->user_scope) || path[strcspn(path, ",;%")])
        return -1;
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    (void) strcpy(address.sun_path, path);

    auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof address) < 0)
        return -1;
    return move_up(take_fd(&fd));
}

/* Starts ARGV with its output in a pipe. The supervisor blocks signals and may ignore some: the helper does neither. */
static int start_helper(const struct strings *argv, int bus_fd, pid_t *ret_pid, int *ret_answer_fd,
                        struct error **err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");
    ends[1] = move_up(ends[1]);
    if (ends[1] < 0) {
        (void) close(ends[0]);
        return fail(err, EMFILE, "cannot make a pipe");
    }
    (void) sigemptyset(&none);
    (void) sigfillset(&all);
    (void) posix_spawn_file_actions_init(&actions);
    (void) posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void) posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (bus_fd >= 0)
        (void) posix_spawn_file_actions_adddup2(&actions, bus_fd, BUS_FD);
    (void) posix_spawnattr_init(&attributes);
    (void) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    (void) posix_spawnattr_setsigmask(&attributes, &none);
    (void) posix_spawnattr_setsigdefault(&attributes, &all);

    int code = posix_spawn(ret_pid, argv->item[0], &actions, &attributes, argv->item, environ);

    (void) posix_spawnattr_destroy(&attributes);
    (void) posix_spawn_file_actions_destroy(&actions);
    (void) close(ends[1]);
    if (code == 0) {
        *ret_answer_fd = ends[0];
        return 0;
    }
    (void) close(ends[0]);
    fail(err, code, "cannot start %s, which speaks to the service manager", argv->item[0]);
    if (code == ENOENT)
        fail_hint(*err, "it comes with redd where libsystemd is there to build it with; with --keep-unit and "
                        "--register=no nobody is asked");
    return -code;
}

/* Reads until the helper closes its end, or the time is up. Returns the length, or -ETIMEDOUT. */
static ssize_t read_answer(int fd, char *buffer, size_t size, int64_t deadline_ms)
{
    size_t used = 0;

    for (;;) {
        struct pollfd answer = {.fd = fd, .events = POLLIN};
        int64_t left = deadline_ms - clock_ms();
        int r = poll(&answer, 1, left > 0 ? (int) left : 0);

        if (r == 0)
            return -ETIMEDOUT;
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r < 0)
            continue;

        /* what does not fit is read all the same, so that the helper is not stuck in writing it */
        char excess[256];
        ssize_t n = used < size ? read(fd, buffer + used, size - used) : read(fd, excess, sizeof excess);
        if (n == 0)
            return (ssize_t) used;
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0 && used < size)
            used += (size_t) n;
    }
}

static int await_end(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

/* Runs ARGV, with BUS_FD where there is one, and gives the line it answers where RET is not NULL. */
static int ask(const struct bus_client *client, const struct strings *argv, int bus_fd, char **ret, struct error **err)
{
    unsigned timeout_ms = client->timeout_ms ? client->timeout_ms : TIMEOUT_MS_DEFAULT;
    char answer[ANSWER_MAX];
    auto_close int fd = -1;
    pid_t pid;

    if (start_helper(argv, bus_fd, &pid, &fd, err) < 0)
        return -error_code(*err);

    ssize_t n = read_answer(fd, answer, sizeof answer, clock_ms() + timeout_ms);
    if (n < 0)
        (void) kill(pid, SIGKILL);

    int status = await_end(pid);
    if (n == -ETIMEDOUT) {
        fail_plain(err, ETIMEDOUT, "the service manager does not answer within %u seconds", timeout_ms / 1000);
        fail_hint(*err, "see whether 'systemctl status' answers; with --keep-unit and --register=no nobody is asked");
        return -ETIMEDOUT;
    }
    if (n < 0)
        return fail(err, (int) -n, "cannot read the answer of %s", argv->item[0]);
    if (!WIFEXITED(status))
        return fail_plain(err, EIO, "%s died of signal %d", argv->item[0], WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return error_unpack(err, answer, (size_t) n);
    if (ret)
        *ret = mem_copy_bytes(answer, memchr(answer, '\n', (size_t) n) ? strcspn(answer, "\n") : (size_t) n);
    return 0;
}

static struct strings command(const struct bus_client *client, const char *word, const char *name)
{
    struct strings argv = {0};

    strings_take(&argv, client->helper ? mem_copy_string(client->helper) : path_of_own_program("redd-bus"));
    strings_add(&argv, "--packed");
    if (client->user_scope)
        strings_add(&argv, "--user");
    strings_add(&argv, word);
    strings_add(&argv, name);
    return argv;
}

int bus_scope_start(const struct bus_client *client, const struct bus_scope_request *request, char **ret_cgroup,
                    struct error **err)
{
    CLEANUP(strings_done) struct strings argv = command(client, "scope", request->name);

    strings_add_format(&argv, "--leader=%d", request->leader);
    if (request->slice)
        strings_add_format(&argv, "--slice=%s", request->slice);
    if (request->boots)
        strings_add(&argv, "--boot");
    for (size_t i = 0; request->properties && i < request->properties->count; i++)
        strings_add_format(&argv, "--property=%s", request->properties->item[i]);
    return ask(client, &argv, -1, ret_cgroup, err);
}

int bus_machine_register(const struct bus_client *client, const struct bus_machine *machine, struct error **err)
{
    CLEANUP(strings_done) struct strings argv = command(client, "register", machine->name);
    /* the machine manager takes who registers for the supervisor, and that is us, not the helper */
    auto_close int bus_fd = connect_bus(client);
    char id[33];

    if (bus_fd >= 0)
        strings_add_format(&argv, "--bus-fd=%d", BUS_FD);
    strings_add_format(&argv, "--leader=%d", machine->leader);
    if (machine->service)
        strings_add_format(&argv, "--service=%s", machine->service);
    if (machine->class)
        strings_add_format(&argv, "--class=%s", machine->class);
    if (machine->root)
        strings_add_format(&argv, "--root=%s", machine->root);
    if (!id128_is_null(machine->id)) {
        id128_format_plain(machine->id, id);
        strings_add_format(&argv, "--uuid=%s", id);
    }
    for (size_t i = 0; i < machine->n_netif; i++)
        strings_add_format(&argv, "--netif=%d", machine->netif[i]);
    return ask(client, &argv, bus_fd, NULL, err);
}

static int ask_about_unit(const struct bus_client *client, const char *word, const char *unit, struct error **err)
{
    CLEANUP(strings_done) struct strings argv = command(client, word, unit);

    return ask(client, &argv, -1, NULL, err);
}

int bus_unit_start(const struct bus_client *client, const char *unit, struct error **err)
{
    return ask_about_unit(client, "start-unit", unit, err);
}

int bus_unit_stop(const struct bus_client *client, const char *unit, struct error **err)
{
    return ask_about_unit(client, "stop-unit", unit, err);
}

int bus_units_reload(const struct bus_client *client, struct error **err)
{
    return ask_about_unit(client, "reload", "all", err);
}

int bus_unit_set_properties(const struct bus_client *client, const char *unit, bool runtime,
                            const struct strings *properties, struct error **err)
{
    CLEANUP(strings_done) struct strings argv = command(client, "set-property", unit);

    if (runtime)
        strings_add(&argv, "--runtime");
    for (size_t i = 0; i < properties->count; i++)
        strings_add_format(&argv, "--property=%s", properties->item[i]);
    return ask(client, &argv, -1, NULL, err);
}
