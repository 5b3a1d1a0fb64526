/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways into machines. They need nothing in there: no bus, no manager, no getty. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/machine_calls.h"
#include "api/worker.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "enter/entry.h"
#include "enter/guest.h"
#include "enter/guest_terminal.h"

#define ACTION(name) "org.freedesktop.machine1." name

static bool is_host(const struct service *service)
{
    return string_equal(service->machine.class, "host");
}

/* The host has actions of its own. */
static struct work work_on(const struct service *service, const char *action, const char *host_action, const char *verb)
{
    return (struct work){
        .action = is_host(service) ? host_action : action, .machine = service->machine.name, .verb = verb,
        .owner = service->machine.uid,
    };
}

int work_reply_fd(sd_bus_message *reply, const struct control_message *answer)
{
    return answer->n_fds == 1 ? sd_bus_message_append(reply, "h", answer->fds[0]) : -EBADMSG;
}

int work_reply_terminal(sd_bus_message *reply, const struct control_message *answer)
{
    const char *path = control_get(answer, "PATH");

    return answer->n_fds == 1 && path ? sd_bus_message_append(reply, "hs", answer->fds[0], path) : -EBADMSG;
}

/* A terminal of the guest's: our end goes to the caller, the other one is for who runs on it. */
static int open_terminal(const struct guest *guest, struct control_message *answer, int *ret_peer_fd,
                         struct error **err)
{
    unsigned number;
    int master_fd, peer_fd;

    if (guest_terminal_open(guest, &master_fd, &peer_fd, err) < 0)
        return -error_code(*err);
    control_add_fd(answer, master_fd);
    *ret_peer_fd = peer_fd;
    /* as clients expect it of what they get */
    (void) fcntl(master_fd, F_SETFL, fcntl(master_fd, F_GETFL) & ~O_NONBLOCK);
    if (ioctl(master_fd, TIOCGPTN, &number) < 0)
        return fail(err, errno, "cannot get the name of a terminal");
    control_add(answer, "PATH", "/dev/pts/%u", number);
    return 0;
}

static int run_open_pty(const struct service *service, const void *data, struct control_message *answer,
                        struct error **err)
{
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    auto_close int peer_fd = -1;

    (void) data;
    return guest_open(service->registry, service->machine.name, &guest, err) < 0
               ? -error_code(*err) : open_terminal(&guest, answer, &peer_fd, err);
}

int machine_open_pty(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct work work = work_on(service, ACTION("open-pty"), ACTION("host-open-pty"), "open-pty");

    work.run = run_open_pty;
    work.reply = work_reply_terminal;
    return worker_start(service, call, &work, ret);
}

struct shell_order {
    const char *user;
    char **argv;                /* NULL: the user's shell */
    struct strings environment;
    bool login;
};

/* The process goes on when this one is gone, which its machine's first process is told of. */
static int start_on_terminal(const struct guest *guest, const struct shell_order *order, int peer_fd,
                             struct error **err)
{
    struct entry entry = {
        .guest = guest, .user = order->user, .argv = order->argv, .program_fd = -1,
        .environment = &order->environment, .fds = {peer_fd, peer_fd, peer_fd}, .has_terminal = true,
    };
    struct entered entered;
    int status;

    if (entry_start(&entry, &entered, &status, err) < 0)
        return -error_code(*err);
    fd_closep(&entered.pidfd);
    return 0;
}

static int run_open_shell(const struct service *service, const void *data, struct control_message *answer,
                          struct error **err)
{
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    auto_close int peer_fd = -1;

    if (guest_open(service->registry, service->machine.name, &guest, err) < 0 ||
        open_terminal(&guest, answer, &peer_fd, err) < 0)
        return -error_code(*err);
    return start_on_terminal(&guest, data, peer_fd, err);
}

/* Who asks at a terminal is whatever the guest has for that, tried in this order. */
static int run_open_login(const struct service *service, const void *data, struct control_message *answer,
                          struct error **err)
{
    static char *const gettys[][6] = {
        {"/sbin/agetty", "--noreset", "--noclear", "-", "linux", NULL},
        {"/sbin/getty", "-L", "0", "-", "linux", NULL},
        {"/bin/login", NULL},
    };
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    auto_close int peer_fd = -1;

    (void) data;
    if (guest_open(service->registry, service->machine.name, &guest, err) < 0 ||
        open_terminal(&guest, answer, &peer_fd, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < COUNT_OF(gettys); i++) {
        const struct shell_order order = {.argv = (char **) gettys[i]};
        auto_close int fd = path_open_in(guest.root_fd, gettys[i][0], O_PATH, 0);

        if (fd >= 0)
            return start_on_terminal(&guest, &order, peer_fd, err);
    }
    fail_plain(err, ENOENT, "Machine '%s' has no program that asks who is there", service->machine.name);
    fail_hint(*err, "it needs agetty, getty or login; OpenShell needs none of them");
    return -ENOENT;
}

int machine_open_login(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct work work = work_on(service, ACTION("login"), ACTION("host-login"), "login");

    work.run = run_open_login;
    work.reply = work_reply_terminal;
    return worker_start(service, call, &work, ret);
}

/* args[0] is what the program sees as its name; the file is PATH. */
static int check_shell(const char *path, char **args, sd_bus_error *ret)
{
    if (!*path && args && args[0])
        return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Arguments need a program: its path is empty");
    if (*path && *path != '/')
        return sd_bus_error_setf(ret, SD_BUS_ERROR_INVALID_ARGS, "Specified path '%s' is not absolute", path);
    return 0;
}

static void free_words(char ***words)
{
    for (char **at = *words; at && *at; at++)
        free(*at);
    free(*words);
}

int machine_open_shell(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct work work = work_on(service, ACTION("shell"), ACTION("host-shell"), "shell");
    CLEANUP(free_words) char **args = NULL, **environment = NULL;
    struct shell_order order = {0};
    const char *user, *path;
    int r;

    if ((r = sd_bus_message_read(call, "ss", &user, &path)) < 0 || (r = sd_bus_message_read_strv(call, &args)) < 0 ||
        (r = sd_bus_message_read_strv(call, &environment)) < 0 || (r = check_shell(path, args, ret)) < 0)
        return r;
    char *alone[] = {(char *) path, NULL};
    if (*path && args && args[0]) {
        free(args[0]);
        args[0] = mem_copy_string(path);
    }
    order.argv = !*path ? NULL : args && args[0] ? args : alone;
    order.user = *user ? user : NULL;
    for (char **at = environment; at && *at; at++)
        if (environment_name_is_valid(*at, strcspn(*at, "=")))
            environment_set(&order.environment, *at);
    work.run = run_open_shell;
    work.data = &order;
    work.reply = work_reply_terminal;
    r = worker_start(service, call, &work, ret);
    strings_done(&order.environment);
    return r;
}

static int run_open_root(const struct service *service, const void *data, struct control_message *answer,
                         struct error **err)
{
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;

    (void) data;
    if (guest_open(service->registry, service->machine.name, &guest, err) < 0)
        return -error_code(*err);
    int fd = openat(guest.root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, errno, "cannot open the root folder of machine '%s'", service->machine.name);
    control_add_fd(answer, fd);
    return 0;
}

int machine_open_root_directory(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct work work = work_on(service, ACTION("manage-machines"), ACTION("manage-machines"), "open-root-directory");

    work.run = run_open_root;
    work.reply = work_reply_fd;
    return worker_start(service, call, &work, ret);
}

/* -- binds and copies: redd's own verbs, in a process of their own -- */

struct verb_order {
    const char *words[8];
    size_t n;
};

/* Its last line of error, without the program's name and the code, is the answer. */
static int fail_verb(const char *said, struct error **err)
{
    static const struct {
        const char *text;
        int code;
    } codes[] = {{"File exists", EEXIST}, {"No such file or directory", ENOENT}, {"not supported", EOPNOTSUPP},
                 {"Permission denied", EACCES}, {"not absolute", EINVAL}};
    CLEANUP(strings_done) struct strings lines = {0};
    int code = EIO;

    strings_split(&lines, said, "\n");
    if (lines.count == 0)
        return fail_plain(err, EIO, "it failed without a word");
    const char *line = strchr(lines.item[0], ':');
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (strstr(lines.item[0], codes[i].text))
            code = codes[i].code;
    return fail_plain(err, code, "%s", line ? line + 2 : lines.item[0]);
}

static int run_verb(const struct service *service, const void *data, struct control_message *answer, struct error **err)
{
    const struct verb_order *order = data;
    char *words[COUNT_OF(order->words) + 2] = {(char *) "redd"};
    auto_free char *said = mem_alloc(4096);
    int pipe_fds[2], status;

    (void) answer;
    for (size_t i = 0; i < order->n; i++)
        words[i + 1] = (char *) order->words[i];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");
    pid_t pid = fork();
    if (pid == 0) {
        (void) dup2(pipe_fds[1], STDERR_FILENO);
        (void) execv(service->redd, words);
        (void) dprintf(STDERR_FILENO, "redd: cannot start %s: %s\n", service->redd, strerror(errno));
        _exit(127);
    }
    (void) close(pipe_fds[1]);
    ssize_t n = pid < 0 ? -1 : fd_read_full(pipe_fds[0], said, 4095);
    said[n < 0 ? 0 : n] = '\0';
    (void) close(pipe_fds[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return fail(err, errno, "cannot start %s", service->redd);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : fail_verb(said, err);
}

static int start_verb(struct service *service, sd_bus_message *call, const char *verb, const struct verb_order *order,
                      sd_bus_error *ret)
{
    struct work work = work_on(service, ACTION("manage-machines"), ACTION("manage-machines"), verb);

    if (is_host(service))
        return sd_bus_error_set(ret, SD_BUS_ERROR_NOT_SUPPORTED, "Not supported for non-container machines.");
    work.run = run_verb;
    work.data = order;
    return worker_start(service, call, &work, ret);
}

static int check_path(const char *path, sd_bus_error *ret)
{
    return *path == '/' && !strstr(path, "/../")
               ? 0 : sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Source path must be absolute and normalized.");
}

int machine_bind_mount(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    const char *source, *target;
    int read_only, make, r = sd_bus_message_read(call, "ssbb", &source, &target, &read_only, &make);

    if (r < 0 || (r = check_path(source, ret)) < 0)
        return r;
    struct verb_order order = {.words = {"bind"}, .n = 1};
    if (read_only)
        order.words[order.n++] = "--read-only";
    if (make)
        order.words[order.n++] = "--mkdir";
    order.words[order.n++] = "--";
    order.words[order.n++] = service->machine.name;
    order.words[order.n++] = source;
    order.words[order.n++] = *target ? target : source;
    return start_verb(service, call, "bind", &order, ret);
}

static int copy(struct service *service, sd_bus_message *call, const char *verb, bool has_flags, sd_bus_error *ret)
{
    enum { REPLACE = 1 };
    const char *source, *target;
    uint64_t flags = 0;
    int r = sd_bus_message_read(call, "ss", &source, &target);

    if (r >= 0 && has_flags)
        r = sd_bus_message_read(call, "t", &flags);
    if (r < 0 || (r = check_path(source, ret)) < 0)
        return r;
    if (flags & ~(uint64_t) REPLACE)
        return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Unknown flags");
    struct verb_order order = {.words = {verb}, .n = 1};
    if (flags & REPLACE)
        order.words[order.n++] = "--force";
    order.words[order.n++] = "--";
    order.words[order.n++] = service->machine.name;
    order.words[order.n++] = source;
    order.words[order.n++] = *target ? target : source;
    return start_verb(service, call, verb, &order, ret);
}

int machine_copy_from(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return copy(service, call, "copy-from", false, ret);
}

int machine_copy_to(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return copy(service, call, "copy-to", false, ret);
}

int machine_copy_from_with_flags(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return copy(service, call, "copy-from", true, ret);
}

int machine_copy_to_with_flags(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return copy(service, call, "copy-to", true, ret);
}
