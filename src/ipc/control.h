/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control: the words between a machine's supervisor and whoever wants something of it, over the socket "control" in
 * the machine's folder of the registry.
 *
 * One connection, one request, one answer; each is one packet (SOCK_SEQPACKET), with descriptors where the word says
 * so. Text, so that a newer redd may add fields which an older one does not look at:
 *
 *     redd-control 1 attach               redd-control 1 ok                redd-control 1 error
 *     SIZE=80x24                          ESCAPE=^]^]^]                    (as error_pack() makes it)
 *
 * What the words mean is the supervisor's (runtime/control.c) and its clients' business. The number grows when a word
 * gets another meaning; a new word or field needs none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"

#define CONTROL_VERSION 1
#define CONTROL_SIZE_MAX 16384
#define CONTROL_FDS_MAX 8

/* All zero: empty. Descriptors are owned. */
struct control_message {
    char *word;                 /* of a request: what is wanted; of an answer: "ok" or "error" */
    struct strings fields;      /* NAME=VALUE */
    struct error *error;        /* of an answer "error" */
    int fds[CONTROL_FDS_MAX];
    size_t n_fds;
};
void control_message_done(struct control_message *message);

/* Adds NAME=VALUE; a control character in VALUE becomes a blank. */
void control_add(struct control_message *message, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The value of the last field NAME, or NULL. */
const char *control_get(const struct control_message *message, const char *name);

/* Hands FD over with the message (taken). The caller keeps count: at most CONTROL_FDS_MAX. */
void control_add_fd(struct control_message *message, int fd);

/* The packet into BUFFER of CONTROL_SIZE_MAX bytes; its length, or -EMSGSIZE. */
int control_format(const struct control_message *message, char *buffer);

/* Reads a packet. -EBADMSG for what is none, -EPROTONOSUPPORT for one of a newer version. *RET is to be empty. */
int control_parse(const char *packet, size_t size, struct control_message *ret, struct error **err);

/* One whole packet, with its descriptors. -EAGAIN where FD does not block; -ECONNRESET when the peer is gone. */
int control_send(int fd, const struct control_message *message, struct error **err);
int control_receive(int fd, struct control_message *ret, struct error **err);

/* -- the supervisor's side -- */

/* Makes the socket PATH, in place of one that a dead predecessor left, and listens: for root and who owns it. */
int control_listen(const char *path, int *ret_fd, struct error **err);

/* Whether the process at the other end may give orders: root, or the user this process runs as. */
bool control_peer_may(int connection_fd);

/* -- the client's side -- */

/* Connects to PATH, says REQUEST (whose descriptors stay the caller's), and gives the answer: "ok", else it is the
 * error. TIMEOUT_MS for all of it, 0: half a minute. -ENXIO when nobody listens there. */
int control_call(const char *path, const struct control_message *request, unsigned timeout_ms,
                 struct control_message *ret_answer, struct error **err);
