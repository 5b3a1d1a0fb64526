/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freezing by the freezer of cgroup v2 (Linux 5.2), which every machine's group has. */
#include "machine/hold_still.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

/* Processes that wait for a disk are frozen once they have it. */
#define FREEZE_TIMEOUT_MS 5000

/* Of machines on disk images the name alone is known: it is that of the image. */
static bool runs_from(const struct machine_state *state, const char *root)
{
    const char *rest = state->root ? NULL : string_after(path_last(root), state->name);

    return rest ? strcmp(rest, ".raw") == 0 : string_equal(state->root, root);
}

static int find(const struct registry *registry, const char *root, struct machine_states *states,
                const struct machine_state **ret)
{
    auto_error struct error *ignored = NULL;

    *ret = NULL;
    if (registry_list(registry, states, &ignored) < 0)
        return -error_code(ignored);
    for (size_t i = 0; i < states->count; i++)
        if (runs_from(&states->item[i], root))
            *ret = &states->item[i];
    return *ret ? 0 : -ENXIO;
}

char *machine_running_from(const struct registry *registry, const char *root)
{
    CLEANUP(machine_states_done) struct machine_states states = {0};
    const struct machine_state *state;

    return find(registry, root, &states, &state) == 0 ? mem_copy_string(state->name) : NULL;
}

/* The child: nothing but a few system calls, since the caller may be anybody. Its name is its own, so that who kills
 * all of the caller's name does not leave the machine frozen. */
static void watch(int leash_fd, const char *freezer)
{
    char byte;
    sigset_t all;

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_BLOCK, &all, NULL);
    (void) setsid();
    (void) prctl(PR_SET_NAME, "redd-leash");
    if (write(leash_fd, "", 1) != 1)
        _exit(1);
    while (read(leash_fd, &byte, 1) < 0 && errno == EINTR)
        continue;
    (void) file_write_existing(AT_FDCWD, freezer, "0");
    _exit(0);
}

static int put_on_leash(struct still_machine *machine)
{
    int ends[2];
    char byte;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    machine->child = fork();
    if (machine->child == 0) {
        (void) close(ends[1]);
        watch(ends[0], machine->freezer);
    }
    (void) close(ends[0]);
    if (machine->child < 0) {
        (void) close(ends[1]);
        return -errno;
    }
    machine->leash_fd = ends[1];
    /* nothing is frozen before it watches, under its own name */
    return read(ends[1], &byte, 1) == 1 ? 0 : -ECHILD;
}

static int await_frozen(const char *cgroup)
{
    auto_free char *path = path_join(cgroup, "cgroup.events");
    struct pollfd events = {.fd = file_open(path, O_RDONLY), .events = POLLPRI};
    int r = events.fd < 0 ? -errno : -ETIMEDOUT;

    for (int left = FREEZE_TIMEOUT_MS; r == -ETIMEDOUT && left > 0; left -= 100) {
        char text[256];
        /* reading it is what tells the kernel which change to wait for */
        ssize_t n = pread(events.fd, text, sizeof text - 1, 0);

        text[n > 0 ? n : 0] = '\0';
        if (strstr(text, "frozen 1"))
            r = 0;
        else
            (void) poll(&events, 1, 100);
    }
    fd_closep(&events.fd);
    return r;
}

int machine_hold_still(const struct registry *registry, const char *root, struct still_machine *ret,
                       struct error **err)
{
    CLEANUP(machine_states_done) struct machine_states states = {0};
    struct still_machine machine = {.leash_fd = -1};
    const struct machine_state *state;

    int r = find(registry, root, &states, &state);
    if (r < 0)
        return fail(err, -r, "no machine runs from %s", root);
    if (!state->cgroup)
        return fail_plain(err, EOPNOTSUPP, "machine '%s' has no control group of its own", state->name);
    machine.name = mem_copy_string(state->name);
    machine.leader = state->leader;
    machine.freezer = path_join(state->cgroup, "cgroup.freeze");
    r = put_on_leash(&machine);
    if (r == 0)
        r = file_write_existing(AT_FDCWD, machine.freezer, "1");
    if (r == 0)
        r = await_frozen(state->cgroup);
    if (r < 0) {
        if (r == -ETIMEDOUT)
            fail_plain(err, ETIMEDOUT, "machine '%s' does not freeze: a process of it waits for a disk", machine.name);
        else
            fail(err, -r, "cannot freeze machine '%s'", machine.name);
        machine_let_go(&machine);
        return r;
    }
    *ret = machine;
    return 0;
}

void machine_let_go(struct still_machine *machine)
{
    if (machine->name) {
        fd_closep(&machine->leash_fd);
        while (machine->child > 0 && waitpid(machine->child, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    free(machine->name);
    free(machine->freezer);
    *machine = (struct still_machine){.leash_fd = -1};
}
