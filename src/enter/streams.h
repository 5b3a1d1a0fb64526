/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * streams: the caller's standard input, output and error, made fit to be handed to a machine.
 *
 * Files, pipes and sockets are handed over as they are. A terminal stays here, with a pipe to or from it; a closed
 * stream becomes /dev/null; a folder would be a way out of the machine, and is refused.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "inside/endpoint.h"

enum { STREAMS_POLL_FDS = 6 };

/* Fields are streams.c's alone, but for `carries`. */
struct streams {
    bool carries;               /* there is something to copy: streams_poll_fds() and so on are to be called */
    struct stream {
        struct endpoint terminal;   /* the caller's */
        int pipe_fd;            /* our end */
        int their_fd;           /* the other one, -1: none, or handed over */
        char *buffer;
        size_t begin, end;
        bool is_open;
    } stream[3];
};
#define STREAM_EMPTY_ {.terminal = {.fd = -1}, .pipe_fd = -1, .their_fd = -1}
#define STREAMS_EMPTY {.stream = {STREAM_EMPTY_, STREAM_EMPTY_, STREAM_EMPTY_}}

/* Gives what is to become 0, 1 and 2 of the new process; borrowed until streams_close_ends(). */
int streams_open(struct streams *streams, int ret_fds[3], struct error **err);

/* The process has been started: closes what is its own. */
void streams_close_ends(struct streams *streams);

/* Entries not needed now have fd -1. */
void streams_poll_fds(const struct streams *streams, struct pollfd fds[STREAMS_POLL_FDS]);

/* Copies where poll() said so of FDS. SIGPIPE must be blocked. */
void streams_carry(struct streams *streams, const struct pollfd fds[STREAMS_POLL_FDS]);

/* The process is gone: brings what it still wrote, waiting for a slow reader, and no longer for a writer. */
void streams_drain(struct streams *streams);

void streams_done(struct streams *streams);
