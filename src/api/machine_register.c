/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machines that others run: libvirt, LXC, and whoever else calls RegisterMachine. Each is held by a process of its own
 * (redd-apid --hold), since a place in the registry is a process's; so they stay known when the daemon is started anew,
 * and are gone with their leader.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/machine_calls.h"
#include "api/worker.h"
#include "base/cgroup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/machine_name.h"
#include "ipc/bus_client.h"

enum { TEXT_LIMIT = 16384 };

/* -- the holder -- */

static int hold(const struct registry *registry, const struct machine_state *state, int *ret_leader_fd,
                struct machine_claim *claim, struct error **err)
{
    *ret_leader_fd = sys_pidfd_open((pid_t) state->leader, 0);
    if (*ret_leader_fd < 0)
        return fail(err, errno, "cannot find the leader, process %u", state->leader);
    if (registry_claim(registry, state->name, claim, err) < 0 || registry_set_state(claim, state, err) < 0)
        return -error_code(*err);
    return registry_announce(registry, claim, state->unit, err);
}

static void await_end(int leader_fd)
{
    sigset_t set;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGTERM);
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    auto_close int signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    struct pollfd fds[] = {{.fd = leader_fd, .events = POLLIN}, {.fd = signal_fd, .events = POLLIN}};

    while (poll(fds, COUNT_OF(fds), -1) < 0 && errno == EINTR)
        ;
}

/* The state comes on standard input; that it is known is said on standard output by an empty error, else by what is
 * wrong. */
int machine_hold(const struct registry *registry)
{
    CLEANUP(machine_state_done) struct machine_state state = {0};
    struct machine_claim claim = {.lock_fd = -1};
    auto_error struct error *err = NULL;
    auto_free char *text = mem_alloc(TEXT_LIMIT + 1);
    auto_close int leader_fd = -1;
    char answer[1024];
    size_t size = 0;

    (void) setsid();
    ssize_t n = fd_read_full(STDIN_FILENO, text, TEXT_LIMIT);
    int r = n < 0 ? fail(&err, (int) -n, "cannot read the state") : machine_state_parse(text, &state, &err);
    if (r == 0) {
        state.supervisor = (uint32_t) getpid();
        r = hold(registry, &state, &leader_fd, &claim, &err);
    }
    if (r < 0)
        size = error_pack(err, answer, sizeof answer);
    (void) fd_write_full(STDOUT_FILENO, answer, size);
    (void) close(STDOUT_FILENO);
    if (r == 0)
        await_end(leader_fd);
    error_freep(&err);
    if (claim.name && registry_release(registry, &claim, &err) < 0)
        log_warning("%s", error_text(err));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* -- the worker that starts it -- */

static void become_holder(int input_fd, int output_fd) __attribute__((noreturn));

static void become_holder(int input_fd, int output_fd)
{
    (void) dup2(input_fd, STDIN_FILENO);
    (void) dup2(output_fd, STDOUT_FILENO);
    (void) execl("/proc/self/exe", "redd-apid", "--hold", (char *) NULL);
    _exit(127);
}

static int start_holder(const struct machine_state *state, struct error **err)
{
    auto_free char *text = machine_state_format(state);
    int input[2], output[2];
    char answer[1024];

    if (pipe2(input, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");
    if (pipe2(output, O_CLOEXEC) < 0) {
        int r = fail(err, errno, "cannot make a pipe");
        (void) close(input[0]);
        (void) close(input[1]);
        return r;
    }
    pid_t pid = fork();
    if (pid == 0)
        become_holder(input[0], output[1]);
    (void) close(input[0]);
    (void) close(output[1]);
    (void) fd_write_full(input[1], text, strlen(text));
    (void) close(input[1]);
    ssize_t n = pid < 0 ? -1 : fd_read_full(output[0], answer, sizeof answer - 1);
    (void) close(output[0]);
    if (pid < 0)
        return fail(err, errno, "cannot start the process that holds a machine");
    if (n <= 0)
        return n < 0 ? fail(err, (int) -n, "cannot hear from the process that holds a machine") : 0;
    answer[n] = '\0';
    int r = error_unpack(err, answer, (size_t) n);
    if (r == -EBUSY) {
        error_freep(err);
        r = fail_plain(err, EEXIST, "Machine '%s' already exists", state->name);
    }
    return r;
}

struct registration {
    struct machine_state state;
    bool create;                /* a scope for it */
    char *slice;                /* of that; NULL: machine.slice */
    struct strings properties;  /* of that, in the words of systemctl set-property */
};

static int read_cgroup(struct machine_state *state)
{
    auto_free char *text = NULL;
    char path[48];

    (void) snprintf(path, sizeof path, "/proc/%u/cgroup", state->leader);
    if (file_read_quiet(AT_FDCWD, path, TEXT_LIMIT, &text) < 0)
        return -ESRCH;
    auto_free char *group = cgroup_of_text(text);
    if (!group)
        return 0;
    state->cgroup = mem_format("%s%s", access("/sys/fs/cgroup/unified", F_OK) == 0 ? "/sys/fs/cgroup/unified"
                                                                                   : "/sys/fs/cgroup", group);
    /* the unit is the last part of the path that is called like one */
    for (char *part = strrchr(group, '/'); part && !state->unit; part = strrchr(group, '/')) {
        if (string_ends(part, ".scope") || string_ends(part, ".service"))
            state->unit = mem_copy_string(part + 1);
        *part = '\0';
    }
    return 0;
}

static int run_register(const struct service *service, const void *data, struct control_message *answer,
                        struct error **err)
{
    const struct registration *registration = data;
    struct machine_state state = registration->state;
    auto_free char *cgroup = NULL, *path = NULL;

    (void) service;
    if (registration->create && access("/run/systemd/system", F_OK) == 0) {
        const struct bus_client client = {0};
        const struct bus_scope_request request = {
            .name = state.name, .slice = registration->slice, .leader = (pid_t) state.leader,
            .properties = &registration->properties,
        };

        if (bus_scope_start(&client, &request, &cgroup, err) < 0)
            return -error_code(*err);
    }
    if (read_cgroup(&state) < 0)
        return fail(err, ESRCH, "cannot find the leader, process %u", state.leader);
    machine_state_stamp(&state);
    if (start_holder(&state, err) < 0)
        return -error_code(*err);
    if (sd_bus_path_encode(MACHINE1_PATH "/machine", state.name, &path) < 0)
        return fail(err, ENOMEM, "cannot make the path of an object");
    control_add(answer, "PATH", "%s", path);
    return 0;
}

static int reply_path(sd_bus_message *reply, const struct control_message *answer)
{
    return sd_bus_message_append(reply, "o", control_get(answer, "PATH"));
}

/* -- the calls -- */

static int read_id(sd_bus_message *call, struct machine_state *state, sd_bus_error *ret)
{
    const void *id;
    size_t size;
    int r = sd_bus_message_read_array(call, 'y', &id, &size);

    if (r < 0)
        return r;
    if (size != 0 && size != sizeof state->id.byte)
        return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Invalid machine ID parameter");
    if (size > 0)
        memcpy(state->id.byte, id, size);
    return 0;
}

static int read_interfaces(sd_bus_message *call, struct machine_state *state, sd_bus_error *ret)
{
    const void *indexes;
    size_t size;
    int r = sd_bus_message_read_array(call, 'i', &indexes, &size);

    if (r < 0)
        return r;
    for (size_t i = 0; i < size / sizeof(int32_t); i++)
        if (((const int32_t *) indexes)[i] <= 0)
            return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Invalid network interface index");
    state->netif = (uint32_t *) mem_copy_bytes(indexes, size);
    state->n_netif = size / sizeof(int32_t);
    return 0;
}

static int read_facts(sd_bus_message *call, struct machine_state *state, bool with_network, sd_bus_error *ret)
{
    __attribute__((cleanup(sd_bus_creds_unrefp))) sd_bus_creds *creds = NULL;
    const char *name, *service, *class, *root;
    pid_t caller = 0;
    int r;

    if ((r = sd_bus_message_read(call, "s", &name)) < 0 || (r = read_id(call, state, ret)) < 0 ||
        (r = sd_bus_message_read(call, "ssus", &service, &class, &state->leader, &root)) < 0 ||
        (with_network && (r = read_interfaces(call, state, ret)) < 0))
        return r;
    if (!machine_name_is_valid(name))
        return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Invalid machine name");
    if (*class && strcmp(class, "container") != 0 && strcmp(class, "vm") != 0)
        return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Invalid machine class parameter");
    if (*root && *root != '/')
        return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Root directory must be empty or an absolute path");
    if (sd_bus_query_sender_creds(call, SD_BUS_CREDS_PID | SD_BUS_CREDS_EUID, &creds) >= 0) {
        (void) sd_bus_creds_get_pid(creds, &caller);
        (void) sd_bus_creds_get_euid(creds, &state->uid);
    }
    state->leader = state->leader ? state->leader : (uint32_t) caller;
    state->name = mem_copy_string(name);
    state->service = *service ? mem_copy_string(service) : NULL;
    state->class = *class ? mem_copy_string(class) : NULL;
    state->root = *root ? mem_copy_string(root) : NULL;
    return 0;
}

/* What the service manager would be sent as it is has to go through words here, which not every type has. */
static int read_property(sd_bus_message *call, const char *name, struct registration *registration, sd_bus_error *ret)
{
    const char *type, *text, *permissions;
    uint64_t number;
    uint32_t small;
    int on, r;

    if ((r = sd_bus_message_peek_type(call, NULL, &type)) < 0)
        return r;
    if (strcmp(type, "s") == 0 && (r = sd_bus_message_read(call, "v", "s", &text)) >= 0) {
        if (strcmp(name, "Slice") == 0) {
            free(registration->slice);
            registration->slice = mem_copy_string(text);
        } else
            strings_add_format(&registration->properties, "%s=%s", name, text);
    } else if (strcmp(type, "b") == 0 && (r = sd_bus_message_read(call, "v", "b", &on)) >= 0)
        strings_add_format(&registration->properties, "%s=%s", name, on ? "yes" : "no");
    else if (strcmp(type, "u") == 0 && (r = sd_bus_message_read(call, "v", "u", &small)) >= 0)
        strings_add_format(&registration->properties, "%s=%u", name, small);
    else if (strcmp(type, "t") == 0 && (r = sd_bus_message_read(call, "v", "t", &number)) >= 0) {
        if (number == UINT64_MAX)
            strings_add_format(&registration->properties, "%s=infinity", name);
        else
            strings_add_format(&registration->properties, "%s=%llu", name, (unsigned long long) number);
    } else if (strcmp(type, "a(ss)") == 0) {
        if ((r = sd_bus_message_enter_container(call, 'v', type)) < 0 ||
            (r = sd_bus_message_enter_container(call, 'a', "(ss)")) < 0)
            return r;
        while ((r = sd_bus_message_read(call, "(ss)", &text, &permissions)) > 0)
            strings_add_format(&registration->properties, "%s=%s %s", name, text, permissions);
        if (r < 0 || (r = sd_bus_message_exit_container(call)) < 0)
            return r;
        r = sd_bus_message_exit_container(call);
    } else if (r >= 0)
        r = sd_bus_error_setf(ret, SD_BUS_ERROR_INVALID_ARGS, "Property %s of type %s is not understood", name, type);
    return r;
}

static int read_properties(sd_bus_message *call, struct registration *registration, sd_bus_error *ret)
{
    const char *name;
    int r = sd_bus_message_enter_container(call, 'a', "(sv)");

    while (r >= 0 && (r = sd_bus_message_enter_container(call, 'r', "sv")) > 0)
        if ((r = sd_bus_message_read(call, "s", &name)) >= 0 &&
            (r = read_property(call, name, registration, ret)) >= 0)
            r = sd_bus_message_exit_container(call);
    return r < 0 ? r : sd_bus_message_exit_container(call);
}

static int enter(sd_bus_message *call, void *data, bool create, bool with_network, sd_bus_error *ret)
{
    struct registration registration = {.create = create};
    struct work work = {
        .action = create ? "org.freedesktop.machine1.create-machine" : "org.freedesktop.machine1.register-machine",
        .verb = create ? "create" : "register", .run = run_register, .data = &registration, .reply = reply_path,
    };
    int r = read_facts(call, &registration.state, with_network, ret);

    if (r >= 0 && create)
        r = read_properties(call, &registration, ret);
    work.machine = registration.state.name;
    if (r >= 0)
        r = worker_start(data, call, &work, ret);
    machine_state_done(&registration.state);
    strings_done(&registration.properties);
    free(registration.slice);
    return r;
}

int machine_call_create(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return enter(call, data, true, false, ret);
}

int machine_call_create_with_network(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return enter(call, data, true, true, ret);
}

int machine_call_register(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return enter(call, data, false, false, ret);
}

int machine_call_register_with_network(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return enter(call, data, false, true, ret);
}

/* Whether the process is one of our holders. */
static bool is_holder(pid_t pid)
{
    auto_free char *path = mem_format("/proc/%d/cmdline", (int) pid), *words = NULL;

    return file_read_quiet(AT_FDCWD, path, 256, &words) == 0 && strcmp(path_last(words), "redd-apid") == 0;
}

static int run_unregister(const struct service *service, const void *data, struct control_message *answer,
                          struct error **err)
{
    pid_t holder = (pid_t) service->machine.supervisor;
    auto_close int pidfd = sys_pidfd_open(holder, 0);

    (void) data, (void) answer;
    if (pidfd < 0 || !is_holder(holder)) {
        fail_plain(err, EOPNOTSUPP, "Machine '%s' was not registered by anybody: redd runs it", service->machine.name);
        fail_hint(*err, "TerminateMachine ends it");
        return -EOPNOTSUPP;
    }
    if (sys_pidfd_send_signal(pidfd, SIGTERM, NULL, 0) < 0)
        return fail(err, errno, "cannot tell the process that holds machine '%s'", service->machine.name);
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    (void) poll(&wait, 1, 5000);
    return 0;
}

int machine_unregister(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    const struct work work = {
        .action = "org.freedesktop.machine1.manage-machines", .machine = service->machine.name, .verb = "unregister",
        .owner = service->machine.uid, .run = run_unregister,
    };

    return worker_start(service, call, &work, ret);
}
