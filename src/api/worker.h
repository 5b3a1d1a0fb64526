/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * worker: a process that does the work of one call and ends. It may wait, enter namespaces and crash; the daemon waits
 * for nothing, and hands the answer on when it comes.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "api/service.h"
#include "ipc/control.h"

struct work {
    const char *action;         /* polkit's; NULL: everybody may */
    const char *machine, *verb; /* what polkit is told */
    uid_t owner;

    /* In the worker. DATA is what it was when worker_start() was called. Puts what is to be said into ANSWER. */
    int (*run)(const struct service *service, const void *data, struct control_message *answer, struct error **err);
    const void *data;

    /* In the daemon: appends to REPLY what ANSWER says, NULL where there is nothing to say. Negative errno. */
    int (*reply)(sd_bus_message *reply, const struct control_message *answer);
};

/* Starts it. CALL is answered when the worker is done. For the return of a method. */
int worker_start(struct service *service, sd_bus_message *call, const struct work *work, sd_bus_error *ret);

/* For work that answers with fields PAIR="NAME=VALUE": a{ss}. In machine_calls.c. */
int work_reply_pairs(sd_bus_message *reply, const struct control_message *answer);

/* For work that hands a descriptor over, and the path of a terminal with it: h, or hs. In machine_enter.c. */
int work_reply_fd(sd_bus_message *reply, const struct control_message *answer);
int work_reply_terminal(sd_bus_message *reply, const struct control_message *answer);
