/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet_closer: closing packet sockets without waiting for it.
 *
 * The kernel keeps who closes the last descriptor of one until all processors have passed a grace period, 10 to 40 ms
 * for each socket. So a process is made that has copies of them: whoever closes his is done at once, and that process,
 * which ends when it is let go, waits in his place.
 */
#pragma once

struct packet_closer {
    int leash_fd;               /* -1: there is no process */
};
#define PACKET_CLOSER_INIT {.leash_fd = -1}

/* Copies all packet sockets of the caller, and nothing else of his. Where that fails, closing takes longer. */
void packet_closer_start(struct packet_closer *closer);

/* The same for FD alone, a socket of the packet filter's: who closes one waits until all that was removed from the
 * filter is taken apart, by whomever. */
void packet_closer_start_for(struct packet_closer *closer, int fd);

/* The sockets are closed. Accepts one that was never started. */
void packet_closer_done(struct packet_closer *closer);
