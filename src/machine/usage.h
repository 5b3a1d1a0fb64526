/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: what a machine uses of the host. From the counters of its control group where the kernel keeps them, in either
 * version; else added up over its processes, which knows nothing of those that have ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "machine/state.h"

#define USAGE_UNKNOWN UINT64_MAX

/* Each is USAGE_UNKNOWN where nothing tells. Of network, what is seen from the machine's side. */
struct machine_usage {
    uint64_t cpu_ns;
    uint64_t memory, memory_peak;       /* bytes */
    uint64_t tasks;
    uint64_t io_read, io_written;       /* bytes */
    uint64_t net_received, net_sent;    /* bytes */
    uint64_t moment_us;         /* monotonic, of the reading */
};

void machine_usage_read(const struct machine_state *machine, struct machine_usage *ret);

/* Adds up /proc/PID/net/dev without the loopback. False: there is no other interface. */
bool usage_read_net(const char *text, uint64_t *ret_received, uint64_t *ret_sent);
