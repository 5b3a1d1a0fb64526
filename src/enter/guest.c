/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding a machine, and making sure that it is the one. Enters nothing yet. */
#include "enter/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/strings.h"
#include "enter/id_ranges.h"
#include "inside/confinement.h"

static int fail_gone(const struct guest *guest, struct error **err)
{
    int r = fail_plain(err, ENXIO, "machine '%s' has just ended", guest->state.name);

    fail_id(*err, "R4201");
    return r;
}

bool guest_is_alive(const struct guest *guest)
{
    return guest->is_host || sys_pidfd_send_signal(guest->leader_fd, 0, NULL, 0) == 0;
}

static void process_path(const struct guest *guest, const char *name, char ret[64])
{
    (void) snprintf(ret, 64, "/proc/%u/%s", guest->state.leader, name);
}

static int open_leader(struct guest *guest, struct error **err)
{
    const struct machine_state *state = &guest->state;

    if (state->leader == 0) {
        int r = fail_plain(err, EPROTONOSUPPORT, "machine '%s' was started by a newer redd", state->name);

        fail_id(*err, "R4202");
        fail_hint(*err, "enter it with the redd that started it");
        return r;
    }
    guest->leader_fd = sys_pidfd_open((pid_t) state->leader, 0);
    if (guest->leader_fd < 0)
        return errno == ESRCH ? fail_gone(guest, err)
                              : fail(err, errno, "cannot open process %u of machine '%s'", state->leader, state->name);
    if (state->leader_pidfd_id && fd_pidfd_id(guest->leader_fd) != state->leader_pidfd_id)
        return fail_gone(guest, err);
    return 0;
}

/* The root of the process, not of its mount namespace: the two differ after chroot(2). */
static int open_root(struct guest *guest, struct error **err)
{
    char path[64];

    process_path(guest, "root", path);
    guest->root_fd = file_open(path, O_PATH | O_DIRECTORY);
    if (guest->root_fd < 0) {
        int code = errno;

        if (code == ENOENT || code == ESRCH)
            return fail_gone(guest, err);
        fail(err, code, "cannot look into machine '%s'", guest->state.name);
        if (code == EACCES || code == EPERM) {
            fail_id(*err, "R4203");
            fail_hint(*err, "entering a machine needs root; use sudo");
        }
        return -code;
    }
    return guest_is_alive(guest) ? 0 : fail_gone(guest, err);
}

static int open_machine(struct guest *guest, struct error **err)
{
    const struct machine_state *state = &guest->state;

    if (open_leader(guest, err) < 0 || open_root(guest, err) < 0)
        return -error_code(*err);
    if (!state->confinement)
        return fail_plain(err, EPROTONOSUPPORT, "machine '%s' was started by an older redd", state->name);
    if (confinement_parse(state->confinement, &guest->confinement, err) < 0)
        return fail_in(err, "cannot enter machine '%s'", state->name);
    guest->has_userns = guest->confinement.userns != USERNS_NO;
    if (state->cgroup)
        guest->cgroup_fd = file_open(state->cgroup, O_PATH | O_DIRECTORY);
    return 0;
}

int guest_open(const struct registry *registry, const char *name, struct guest *ret, struct error **err)
{
    spec_init(&ret->confinement);
    ret->is_host = !name || !*name || strcmp(name, ".host") == 0;
    if (ret->is_host) {
        ret->root_fd = file_open("/", O_PATH | O_DIRECTORY);
        return ret->root_fd < 0 ? fail(err, errno, "cannot open /") : 0;
    }
    if (registry_get(registry, name, &ret->state, err) < 0)
        return -error_code(*err);
    return open_machine(ret, err);
}

const char *guest_name(const struct guest *guest)
{
    return guest->is_host ? ".host" : guest->state.name;
}

int guest_host_id(const struct guest *guest, const char *map, uint32_t inside, uint32_t *ret, struct error **err)
{
    CLEANUP(id_ranges_done) struct id_ranges ranges = {0};
    char path[64];

    if (guest->is_host || !guest->has_userns) {
        *ret = inside;
        return 0;
    }
    process_path(guest, map, path);
    if (id_ranges_read(path, &ranges, err) < 0)
        return -error_code(*err);
    if (!guest_is_alive(guest))
        return fail_gone(guest, err);
    if (id_ranges_to_outside(&ranges, inside, ret) < 0)
        return fail(err, ERANGE, "id %u of machine '%s' is none of the host's", inside, guest->state.name);
    return 0;
}

void guest_done(struct guest *guest)
{
    machine_state_done(&guest->state);
    fd_closep(&guest->leader_fd);
    fd_closep(&guest->root_fd);
    fd_closep(&guest->cgroup_fd);
    spec_done(&guest->confinement);
}
