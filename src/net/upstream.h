/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream: the servers that resolv.conf files name, and which of them the host's own names are asked of. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { UPSTREAM_WORD_SIZE = 64, UPSTREAMS_MAX = 3 };

/* The next server that TEXT names, from *AT on; false behind the last. One that is too long for an address is "". */
bool upstream_next(const char **at, char ret[UPSTREAM_WORD_SIZE]);

/* A server at a loopback address: another network namespace cannot ask it. */
bool upstream_is_loopback(const char *word);

/* Not known to be dead: a loopback address where nobody has the port of the domain name system is. */
bool upstream_answers(const char *word);

/* One of the servers that TEXT names answers. Without any the C library asks 127.0.0.1. */
bool upstream_text_answers(const char *text);

/* One of the servers that TEXT names can be asked from another network namespace. */
bool upstream_text_is_reachable(const char *text);

struct upstreams {
    struct upstream {
        struct sockaddr_storage address;
        socklen_t size;
    } item[UPSTREAMS_MAX];
    unsigned count;
    struct stat seen;           /* what it was read from: all zero before the first time */
};

/* The host's servers, read again when the host's file is another than it was. All zero: never read. */
void upstreams_refresh(struct upstreams *upstreams);
