/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client: the transfers that run, for who lists or cancels them, and where the program is that does them.
 *
 * The list is a folder, /run/redd/transfers, or a user's own below $XDG_RUNTIME_DIR. A held lock means alive; what is
 * left of a dead transfer is removed by whoever sees it first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct transfer {
    uint32_t id;
    int percent;                /* -1: unknown */
    char *type, *class, *local, *remote, *verify;
};

struct transfers {
    struct transfer *item;      /* by number */
    size_t count;
};

/* CLASS NULL: all. */
int transfer_list(bool user_scope, const char *class, struct transfers *ret, struct error **err);
void transfers_done(struct transfers *transfers);

/* R5051: "Could not cancel transfer: No transfer by id N". */
int transfer_cancel(bool user_scope, uint32_t id, struct error **err);

/* The folder of transfers. Gives. */
char *transfer_folder(bool user_scope);

/* Makes a folder for a new transfer and takes its lock, which ends with the process; removes what dead ones left.
 * Gives the folder, the number and the lock. 0 or a negative errno. */
int transfer_claim(bool user_scope, char **ret_folder, uint32_t *ret_id, int *ret_lock_fd);

/* Takes it out of the list again, and the list's folder too when it was the last one. */
void transfer_release(bool user_scope, const char *folder);

/* The path of the program redd-transfer: beside the one that runs, or where it is installed. Gives. */
char *transfer_program(void);
