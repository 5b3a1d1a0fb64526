/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * authorize: whether a caller may. Root may; so may the user whose machine it is; others are asked about at polkit,
 * where it runs, which may ask a person: so it is a worker's business (worker.h).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

#include "base/error.h"

struct authorization {
    const char *action;         /* polkit's: "org.freedesktop.machine1.shell" */
    const char *caller;         /* unique name on the bus */
    uid_t caller_uid;
    uid_t owner;                /* whose machine it is; 0: root's */
    const char *machine, *verb; /* for polkit's rules and questions; may be NULL */
    bool interactive;           /* the caller has time for a question */
};

/* Fills in who makes CALL, to which the text belongs. Negative errno. */
int authorization_read_caller(struct authorization *ret, sd_bus_message *call);

/* -EACCES: no. Waits for as long as a person takes. */
int authorize(const struct authorization *question, struct error **err);
