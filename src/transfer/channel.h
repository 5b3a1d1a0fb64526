/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * channel: what the processes of a transfer tell each other: lines for people, progress, the result, or the error.
 *
 * A worker (worker.h) speaks to the job that started it, and the job to the program at the terminal. It is a pipe with
 * frames of a type, a length and that many bytes. When nobody listens any more, saying things has no effect: a transfer
 * whose terminal went away goes on.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum message_type {
    MESSAGE_LINE = 'L',         /* text for people */
    MESSAGE_PROGRESS = 'P',     /* struct progress */
    MESSAGE_FACT = 'F',         /* NAME=VALUE, from a worker to its job */
    MESSAGE_ERROR = 'E',        /* error_pack(); the last message */
    MESSAGE_DONE = 'D',         /* the last message of what succeeded */
};

struct progress {
    uint64_t done;              /* bytes */
    uint64_t total;             /* 0: unknown */
};

#define MESSAGE_MAX 8192

struct message {
    enum message_type type;
    size_t size;
    char data[MESSAGE_MAX + 1]; /* with a NUL behind */
};

struct channel {
    int fd;                     /* -1: nobody listens */
    int progress_fd;            /* a file with the last struct progress, for others to look at; -1: none */
    int64_t progress_ms;        /* when progress was last told */
    uint64_t total;             /* of the last progress */
};

#define CHANNEL_NONE {.fd = -1, .progress_fd = -1}

void channel_send(struct channel *channel, enum message_type type, const void *data, size_t size);
void channel_line(struct channel *channel, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void channel_fact(struct channel *channel, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* At most ten times a second: more calls cost a clock each. */
void channel_progress(struct channel *channel, uint64_t done, uint64_t total);
/* That it is all done, when it is known how much that is. */
void channel_progress_end(struct channel *channel);
void channel_error(struct channel *channel, const struct error *err);

/* The next message: 1, 0 at the end, or a negative errno (-EBADMSG: it is none of ours). */
int channel_receive(int fd, struct message *ret);
