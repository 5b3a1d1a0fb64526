/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resolv_conf: the container's /etc/resolv.conf (--resolv-conf): taken from one of the host's four, or left alone.
 *
 * `auto` leaves it alone with a private network. With the host's network it takes the first of the host's files that
 * names a server which answers, as far as that can be known without asking it, copied, or bound where the tree is
 * read-only; and where the container's file is a link to nowhere (to a stub resolver that does not run yet), the text
 * goes where the link leads, so that there is a resolver until that one writes a file of its own.
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
    char *text;                 /* for copy and replace */
    size_t size;
    struct timespec modified;
    int mount_fd;               /* for bind: the file, detached and read-only; else -1 */
};

/* Host half. HOST_FD is the host's root directory, READ_ONLY says that the container's root is. A failure leaves
 * *RET as "do nothing", and is worth a warning. */
int resolv_conf_prepare(const struct spec *spec, int host_fd, bool read_only, struct resolv_conf *ret,
                        struct error **err);

/* Container half: ROOT_FD is the container's root directory. */
int resolv_conf_apply(const struct resolv_conf *conf, int root_fd, struct error **err);

void resolv_conf_done(struct resolv_conf *conf);
