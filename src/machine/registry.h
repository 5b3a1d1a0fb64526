/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registry: the machines of this host, as a folder. There is no daemon that knows better.
 *
 *     /run/redd/machines/NAME/lock     held by the supervisor as long as it lives
 *                             state    what runs (state.h); there once it does
 *                             undo     what to take back when it ends (base/undo.h)
 *                             binds    what was bound into it while it runs (enter/bind.h)
 *                             control  the socket of the supervisor (ipc/control.h)
 *
 * A held lock means alive. A free one means that the supervisor died, and whoever sees that first runs the undo list
 * and removes the folder: the next start of that name, or anyone who calls registry_recover_all().
 *
 * The lock is the process's that claims: it is lost when that process looks into the registry in any other way (the
 * reason is in registry_lock.h), and not given to a child. So the supervisor claims for itself, after it has become
 * what it is, and leaves looking to others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/undo.h"
#include "machine/state.h"

struct registry {
    const char *folder;                 /* of the machines' folders */
    const char *public_folder;          /* where other programs look for machines, NULL: they are not told */
    const char *foreign_sign;           /* exists when a machine manager runs that owns PUBLIC_FOLDER … */
    const char *own_sign;               /* … unless this is locked: then it is redd-apid */
    const struct undo_kind *kinds;      /* how to undo what any redd on this host may have recorded */
    size_t n_kinds;
};

/* redd-apid makes and locks (flock) this before its sockets, and removes it after them. Left by a killed one it says
 * nothing. */
#define REGISTRY_API_SIGN "/run/redd/apid"

/* The registry of the host, of which there is one for all users. */
/* clang-format off */
#define REGISTRY_OF_HOST \
    .folder = "/run/redd/machines", \
    .public_folder = "/run/systemd/machines", \
    .foreign_sign = "/run/systemd/userdb/io.systemd.Machine", \
    .own_sign = REGISTRY_API_SIGN
/* clang-format on */

/* A name that is ours until registry_release(). */
struct machine_claim {
    char *name;
    char *folder;
    int lock_fd;
    struct undo *undo;          /* for whatever the machine leaves on the host */
    struct error *leftover;     /* what a dead namesake left and could not be undone: worth a warning; NULL: nothing */
    char *announced_unit;
    bool announced;
};

/* Takes NAME. What a dead namesake left is undone first; what of it cannot be is in RET->leftover, stays in the list,
 * and is tried again when this machine ends. -EBUSY when another process runs it (hint names that). */
int registry_claim(const struct registry *registry, const char *name, struct machine_claim *ret, struct error **err);

/* Writes down what runs; may be called again when that changes. Readers see the old state or the new one. The file is
 * for all to read, as far as the umask lets it. */
int registry_set_state(struct machine_claim *claim, const struct machine_state *state, struct error **err);

/* Tells other programs, from the state set last: /run/systemd/machines/NAME and, with a unit, the link "unit:UNIT"
 * beside it. Does nothing, successfully, where a foreign machine manager owns that folder: it wants to be asked
 * (ipc/bus_client.h). */
int registry_announce(const struct registry *registry, struct machine_claim *claim, const char *unit,
                      struct error **err);
/* The record of that was undone, as between two boots: the next announcement makes its own. */
void registry_forget_announcement(struct machine_claim *claim);

/* Runs the undo list and gives the name free. What could not be undone is the error, and stays recorded for the next
 * one who looks; the claim is over in any case. */
int registry_release(const struct registry *registry, struct machine_claim *claim, struct error **err);

/* Frees the object alone, without undoing anything: for a child of the supervisor. In the supervisor itself this gives
 * the lock up, and the machine counts as dead. */
void machine_claim_done(struct machine_claim *claim);

/* Undoes what dead supervisors left, of every machine; goes on after failures and returns the first one. Machines that
 * run are not touched, nor is it waited for others who do the same. */
int registry_recover_all(const struct registry *registry, struct error **err);

/* A machine manager other than redd-apid keeps the machines other programs see. */
bool registry_has_foreign_manager(const struct registry *registry);

/* Whether redd-apid runs. */
bool registry_has_own_manager(const struct registry *registry);

struct machine_states {
    struct machine_state *item;
    size_t count;
    bool has_dead;              /* some other machine's supervisor died, and nobody has cleaned up yet */
};
void machine_states_done(struct machine_states *states);

/* The machines that run, by name. A start that has not got so far yet is not among them. One whose state was written by
 * a newer redd has a name and nothing else. */
int registry_list(const struct registry *registry, struct machine_states *ret, struct error **err);

/* The same for who may change things: what dead supervisors left is undone first, where the caller is root. What
 * cannot be is a debugging remark, no failure. */
int registry_survey(const struct registry *registry, struct machine_states *ret, struct error **err);

/* One of them; *RET is to be empty. -ENXIO when no machine NAME runs. */
int registry_get(const struct registry *registry, const char *name, struct machine_state *ret, struct error **err);
