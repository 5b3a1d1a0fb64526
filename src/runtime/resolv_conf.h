/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resolv_conf: the container's /etc/resolv.conf (--resolv-conf): taken from one of the host's four, or left alone.
 *
 * With the host's network `auto` takes the first of the host's files that names a server which answers, as far as
 * that can be known without asking it, copied, or bound where the tree is read-only; and where the container's file is
 * a link to nowhere (to a stub resolver that does not run yet), the text goes where the link leads, so that there is a
 * resolver until that one writes a file of its own.
 * With a network of its own `auto` does the same with a text that is known later, while the container waits
 * (resolver.c), and yields to a file of the container's that names servers it may reach.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "config/spec.h"

struct resolv_conf {
    enum resolv_method method;  /* what to do; never RESOLV_AUTO */
    bool follows_dangling;      /* was RESOLV_AUTO: a link to nowhere gets the text where it leads */
    bool is_booted;             /* what the container says for itself stays, where that can be */
    int late_fd;                /* the text comes by this one; -1: it is in TEXT */
    char *text;                 /* for copy and replace; NULL when it comes late */
    size_t size;
    char *host_text;            /* of the host's own file, where the text comes late; or NULL */
    struct timespec modified;
    int mount_fd;               /* for bind: the file, detached and read-only; else -1 */
};

#define RESOLV_CONF_NONE {.method = RESOLV_OFF, .late_fd = -1, .mount_fd = -1}

/* Host half. HOST_FD is the host's root directory, READ_ONLY says that the container's root is. A failure leaves
 * *RET as "do nothing", and is worth a warning. */
int resolv_conf_prepare(const struct spec *spec, int host_fd, bool read_only, struct resolv_conf *ret,
                        struct error **err);

/* A network of its own wants a text: to be given to resolv_conf_write(), before the container half. */
bool resolv_conf_is_late(const struct resolv_conf *conf);

/* The first line of such texts, by which they are known to be ours at the next start. */
#define RESOLV_CONF_MARK "# From redd, for this machine's network; an empty file or this line has it renewed.\n"
int resolv_conf_write(const struct resolv_conf *conf, const char *text, struct error **err);

/* Container half: ROOT_FD is the container's root directory. */
int resolv_conf_apply(const struct resolv_conf *conf, int root_fd, struct error **err);

void resolv_conf_done(struct resolv_conf *conf);
