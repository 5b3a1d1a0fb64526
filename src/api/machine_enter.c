/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways into machines. They need nothing in there: no bus, no manager, no getty. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "api/machine_calls.h"
#include "api/worker.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "enter/bind.h"
#include "enter/copy.h"
#include "enter/entry.h"
#include "enter/guest.h"
#include "enter/guest_terminal.h"
#include "enter/login.h"

#define ACTION(name) "org.freedesktop.machine1." name

/* The host has actions of its own. */
static struct work work_on(const struct service *service, const char *action, const char *host_action, const char *verb)
{
    return (struct work){
        .action = service_machine_is_host(service) ? host_action : action, .machine = service->machine.name,
        .verb = verb, .owner = service->machine.uid,
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
    int program_fd;             /* what to run instead of looking argv[0] up; -1: nothing */
    struct strings environment;
};

/* The process goes on when this one is gone, which its machine's first process is told of. */
static int start_on_terminal(const struct guest *guest, const struct shell_order *order, int peer_fd,
                             struct error **err)
{
    struct entry entry = {
        .guest = guest, .user = order->user, .argv = order->argv, .program_fd = order->program_fd,
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

static int run_open_login(const struct service *service, const void *data, struct control_message *answer,
                          struct error **err)
{
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    auto_close int peer_fd = -1;
    struct login_program program;

    (void) data;
    if (guest_open(service->registry, service->machine.name, &guest, err) < 0 ||
        login_find(&guest, NULL, &program, err) < 0)
        return -error_code(*err);

    auto_close int program_fd = program.fd;
    const struct shell_order order = {.argv = program.argv, .program_fd = program_fd};
    return open_terminal(&guest, answer, &peer_fd, err) < 0 ? -error_code(*err)
                                                            : start_on_terminal(&guest, &order, peer_fd, err);
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
    struct shell_order order = {.program_fd = -1};
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

/* -- binds and copies -- */

static int check_path(const char *path, sd_bus_error *ret)
{
    return path_is_absolute(path) && !strstr(path, "/../")
               ? 0 : sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Source path must be absolute and normalized.");
}

struct bind_order {
    struct bind_mount bind;
    bool make;
};

static int run_bind(const struct service *service, const void *data, struct control_message *answer, struct error **err)
{
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    const struct bind_order *order = data;

    (void) answer;
    return guest_open(service->registry, service->machine.name, &guest, err) < 0
               ? -error_code(*err) : bind_add(service->registry, &guest, &order->bind, order->make, err);
}

int machine_bind_mount(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct work work = work_on(service, ACTION("manage-machines"), ACTION("manage-machines"), "bind");
    const char *source, *target;
    int read_only, make, r = sd_bus_message_read(call, "ssbb", &source, &target, &read_only, &make);

    if (r < 0 || (r = check_path(source, ret)) < 0)
        return r;
    if (service_machine_is_host(service))
        return refuse_host(ret);
    const struct bind_order order = {
        .bind = {(char *) source, (char *) (*target ? target : source), read_only}, .make = make};
    work.run = run_bind;
    work.data = &order;
    return worker_start(service, call, &work, ret);
}

struct copy_order {
    const char *from_path, *to_path;
    bool to_machine, force;
};

static int run_copy(const struct service *service, const void *data, struct control_message *answer, struct error **err)
{
    CLEANUP(copy_place_done) struct copy_place host = COPY_PLACE_EMPTY;
    CLEANUP(copy_place_done) struct copy_place machine = COPY_PLACE_EMPTY;
    const struct copy_order *order = data;
    const struct copy_request request = {
        .from = order->to_machine ? &host : &machine, .to = order->to_machine ? &machine : &host,
        .from_path = order->from_path, .to_path = order->to_path, .force = order->force,
    };
    size_t left_out;

    (void) answer;
    return copy_place_open(service->registry, NULL, !order->to_machine, &host, err) < 0 ||
                   copy_place_open(service->registry, service->machine.name, order->to_machine, &machine, err) < 0
               ? -error_code(*err) : copy_make(&request, &left_out, err);
}

static int copy(struct service *service, sd_bus_message *call, bool to_machine, bool has_flags, sd_bus_error *ret)
{
    enum { REPLACE = 1 };
    struct work work = work_on(service, ACTION("manage-machines"), ACTION("manage-machines"),
                               to_machine ? "copy-to" : "copy-from");
    const char *source, *target;
    uint64_t flags = 0;
    int r = sd_bus_message_read(call, "ss", &source, &target);

    if (r >= 0 && has_flags)
        r = sd_bus_message_read(call, "t", &flags);
    if (r < 0 || (r = check_path(source, ret)) < 0)
        return r;
    if (flags & ~(uint64_t) REPLACE)
        return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Unknown flags");
    if (service_machine_is_host(service))
        return refuse_host(ret);
    const struct copy_order order = {
        .from_path = source, .to_path = *target ? target : source, .to_machine = to_machine, .force = flags & REPLACE};
    work.run = run_copy;
    work.data = &order;
    return worker_start(service, call, &work, ret);
}

int machine_copy_from(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return copy(service, call, false, false, ret);
}

int machine_copy_to(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return copy(service, call, true, false, ret);
}

int machine_copy_from_with_flags(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return copy(service, call, false, true, ret);
}

int machine_copy_to_with_flags(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return copy(service, call, true, true, ret);
}
