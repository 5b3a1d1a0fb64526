/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * timezone: the container's /etc/localtime (--timezone): the host's, as a link, a copy or a bind mount.
 *
 * `auto` is a bind for a read-only tree, a link where the host's is one, and a copy otherwise. A link needs the zone's
 * file in the container; where that is missing the contents are copied, so that the time is right all the same.
 */
#pragma once

#include "base/error.h"
#include "config/spec.h"

struct local_time {
    enum timezone_mode mode;    /* what to do; never TIMEZONE_AUTO */
    char *zone;                 /* "Europe/Berlin"; NULL where the host's file is not a link into a zoneinfo folder */
    int source_fd;              /* the host's file, open for reading: for copies; else -1 */
    int mount_fd;               /* for bind: the file, detached and read-only; else -1 */
};

/* Host half. HOST_FD is the host's root directory, READ_ONLY says that the container's root is. A failure leaves *RET
 * as "do nothing", and is worth a warning. */
int timezone_prepare(const struct spec *spec, int host_fd, bool read_only, struct local_time *ret, struct error **err);

/* Container half: ROOT_FD is the container's root directory. */
int timezone_apply(const struct local_time *time, int root_fd, struct error **err);

void timezone_done(struct local_time *time);
