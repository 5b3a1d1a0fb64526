/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control: what the supervisor answers over its control socket (ipc/control.h). The socket is there as long as the
 * machine is, over reboots too; between two boots requests wait.
 *
 *     ping                                ok  PID=
 *     status                              ok  LEADER= READY=yes|no STATUS= CONSOLE= ONLOOKERS= BOOTS= KILL_SIGNAL=
 *     await-ready                         ok, when the payload is ready; an error when it ends before
 *     stop    HOW=ask                     ok, at once: the payload was asked to end
 *             HOW=now                     it was killed
 *             HOW=note                    it is being asked by somebody else: from here on a reboot is an end
 *             HOW=again                   it was killed, and is started anew
 *     attach  [SIZE=80x24] [TYPE=no]      ok, and a stream socket: the console (onlookers.h)
 *     detach                              ok; all who are attached are sent away
 *     resize  SIZE=80x24                  ok
 *     limit   LIMIT=MemoryMax=2G ...      ok; all or the first ones were set (limits.h)
 *
 * Other parts of a run add words of their own with control_offer().
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "ipc/control.h"
#include "runtime/event.h"

struct console;
struct control_connection;
struct run;

/* A word and who answers it. Fills ANSWER, whose word is "ok" already, or *err. Does a bounded amount of work. */
struct control_service {
    const char *word;
    int (*serve)(void *data, const struct control_message *request, struct control_message *answer,
                 struct error **err);
    void *data;
};

/* Makes the socket at the first boot, where the host has a place for it; starts to answer. It is no reason for a
 * machine not to run that nobody can speak with its supervisor: what goes wrong is a warning. */
void control_start(struct run *run);

/* SERVICE stays until control_done(). May be called before control_start(). */
void control_offer(struct run *run, const struct control_service *service);

enum control_stop { CONTROL_STOP_ASK, CONTROL_STOP_NOW, CONTROL_STOP_NOTE, CONTROL_STOP_AGAIN };

/* A boot's console, and how to end it; NULLs between boots. */
struct control_boot {
    struct console *console;
    void (*stop)(void *data, enum control_stop how);
    void *data;
};
void control_follow(struct run *run, const struct control_boot *boot);

/* The payload says that it is ready, or what it is doing. */
void control_ready(struct run *run);
void control_note_status(struct run *run, const char *text);

/* Whether somebody wants the machine to end, so that it is not to be booted again. */
bool control_wants_end(const struct run *run);

/* The payload has ended: who waits for it to be ready learns that. */
void control_ended(struct run *run);

void control_done(struct run *run);
