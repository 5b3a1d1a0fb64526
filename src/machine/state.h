/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state: what is known of a running machine, as text and back.
 *
 * One format serves two readers: ours, and every program that reads /run/systemd/machines/NAME (sd-login and what
 * stands on it). So it has that file's keys, and some of our own that others skip:
 *
 *     # This is private data. Do not parse.
 *     REDD_STATE=1
 *     NAME=web
 *     ROOT="/srv/my web"
 *     LEADER=4711
 *     NETIF=" 2 5"
 *     CGROUP=/sys/fs/cgroup/machine.slice/web.scope/payload
 *     REDD_CONFINEMENT=cap:fdecafff
 *     REDD_NETWORK=own
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/id128.h"

/* Strings are owned and NULL where unknown, numbers are 0. */
struct machine_state {
    char *name;
    char *unit;                 /* of the host's service manager */
    char *service;              /* who registered it: "systemd-nspawn" */
    char *class;                /* "container" or "vm" */
    char *root;                 /* on the host; none for a disk image */
    char *cgroup;               /* the payload's, absolute */
    char *confinement;          /* what its processes may do (inside/confinement.h) */
    char *network;              /* "own", or the "host"'s: what it was started with */
    struct id128 id;
    uint32_t uid;               /* of the user whose machine it is */
    uint32_t leader, supervisor;                        /* pids on the host */
    uint64_t leader_pidfd_id, supervisor_pidfd_id;      /* inode numbers in pidfs, Linux 6.9 */
    uint64_t realtime_us, monotonic_us;                 /* of the start */
    uint32_t *netif;            /* host-side interface indexes */
    size_t n_netif;
};

void machine_state_done(struct machine_state *state);

/* The current time into both clocks of STATE. */
void machine_state_stamp(struct machine_state *state);

/* Gives the text. */
char *machine_state_format(const struct machine_state *state);

/* Reads TEXT; keys it does not know are skipped. -EINVAL names the bad line, -EPROTONOSUPPORT is a newer format. */
int machine_state_parse(const char *text, struct machine_state *ret, struct error **err);
