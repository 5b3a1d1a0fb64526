/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registry_lock: who holds the lock of a machine's folder. For the files of this folder only.
 *
 * Record locks (fcntl(2), F_SETLK) on two bytes of the file. A supervisor holds the first; a mender, who undoes what a
 * dead one left, holds both. So looking who holds it takes no lock that could get in a start's way, and a start that
 * meets a mender can wait for the second byte without ever waiting for a machine.
 *
 * Of the kinds of lock Linux has, this one belongs to the process alone: it dies with it though a child born in
 * mid-start still has the descriptor, and the kernel tells whose it is. The price: a process that closes any
 * descriptor of a lock file gives up its own lock on it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"
#include "machine/registry.h"

#define STATE_LIMIT 65536u

enum lock_use { LOCK_ALIVE = 1, LOCK_MENDING = 2 };     /* = bytes locked */
enum lock_holder { HELD_BY_US, HELD_BY_NOBODY, HELD_BY_MACHINE, HELD_BY_MENDER };

/* Tries to become the holder. HELD_BY_US: we are it; else who was in the way, with the pid (0 where it is of no pid
 * namespace of ours). RET_PID may be NULL. */
enum lock_holder lock_take(int fd, enum lock_use use, pid_t *ret_pid);

/* Takes nothing. Never HELD_BY_US: own locks are not seen. FD may be open for reading only. */
enum lock_holder lock_look(int fd, pid_t *ret_pid);

/* Returns when no mender is at work (any more). */
void lock_wait_for_mender(int fd);

/* False when the last holder removed the file, so that holding it means nothing. */
bool lock_file_exists(int fd);

/* registry_read.c */
int registry_names(const struct registry *registry, struct strings *ret, struct error **err);      /* sorted */
