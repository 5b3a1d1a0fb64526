/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * running: a machine that runs, held by descriptors of its processes, so that what is done to them never hits others
 * that got their numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "inside/init_kind.h"
#include "ipc/control.h"
#include "machine/registry.h"

struct running {
    const struct registry *registry;
    struct machine_state state;
    int supervisor_pidfd, leader_pidfd;
    char *control;              /* path of the supervisor's socket */
};
#define RUNNING_INIT {.supervisor_pidfd = -1, .leader_pidfd = -1}
void running_done(struct running *machine);

/* -ENXIO when NAME does not run. *RET is to be RUNNING_INIT. */
int running_open(const struct registry *registry, const char *name, struct running *ret, struct error **err);

/* Asks the supervisor: a request of one word, with FIELD ("HOW=now") unless that is NULL. */
int running_ask(const struct running *machine, const char *word, const char *field, struct control_message *ret_answer,
                struct error **err);

/* Waits until the machine is gone and all that was made for it undone. -ETIMEDOUT; UINT64_MAX waits for ever. */
int running_await_end(const struct running *machine, uint64_t timeout_us, struct error **err);

#define STOP_TIMEOUT_DEFAULT_US UINT64_C(30000000)

/* The whole ladder: asks the init in its own words, waits for TIMEOUT_US, freezes and kills what is left, and returns
 * when the machine is gone. A guest that would reboot is not let. -ETIMEDOUT names processes that cannot be killed. */
int running_stop(const struct running *machine, uint64_t timeout_us, struct error **err);

/* The last rung alone. */
int running_terminate(const struct running *machine, struct error **err);

/* Asks for a reboot; where nobody would hear, the supervisor kills the payload and starts it anew. Returns at once. */
int running_reboot(const struct running *machine, struct error **err);

enum kill_whom { KILL_LEADER, KILL_SUPERVISOR, KILL_ALL };
int running_kill(const struct running *machine, enum kill_whom whom, int signal, struct error **err);
