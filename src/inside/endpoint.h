/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * endpoint: a descriptor whose description others share (the caller's standard input or output), read and written
 * without ever waiting and without setting O_NONBLOCK, which would break the others and outlive us.
 *
 * A terminal or a pipe is opened anew by its descriptor: that makes a description of our own, which may be
 * non-blocking. Sockets have a flag per call. Files never wait. Where opening anew is not permitted (a terminal of
 * another user after su) poll() is asked before each call, and writes are small.
 * Writing needs SIGPIPE ignored or blocked by the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum endpoint_kind { ENDPOINT_NEVER_WAITS, ENDPOINT_OWN, ENDPOINT_SOCKET, ENDPOINT_ASK_FIRST };

struct endpoint {
    int fd;                     /* -1: none */
    enum endpoint_kind kind;    /* ENDPOINT_OWN: fd is ours to close; else borrowed */
    bool is_terminal;
};

/* ACCESS is O_RDONLY or O_WRONLY. Cannot fail: what it cannot improve it takes as it is. */
void endpoint_open(struct endpoint *endpoint, int fd, int access);
void endpoint_close(struct endpoint *endpoint);

/* As read(2) and write(2), but -errno on failure, -EAGAIN where they would wait. */
ssize_t endpoint_read(const struct endpoint *endpoint, void *buffer, size_t size);
ssize_t endpoint_write(const struct endpoint *endpoint, const void *buffer, size_t size);
