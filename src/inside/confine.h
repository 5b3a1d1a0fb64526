/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * confine: what a spec lets a process inside the container do: limits, capabilities, ids, system calls. For the payload
 * and for whatever enters later, so that the two cannot differ.
 *
 * Everything acts on the calling process, which is about to exec, and allocates only for an error. The order is that of
 * the declarations: ids and capabilities are arranged so that exec() itself takes away the last of our own privileges,
 * and the system call filter can be the very last thing before it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/error.h"
#include "config/spec.h"

struct user;

/* The limits of SPEC and the defaults of a container; FIRST are those of the host's first process
 * (confine_read_first_limits()). Then the CPU affinity and the OOM score, where SPEC has them. */
int confine_limits(const struct spec *spec, const struct rlimit first[RESOURCE_LIMITS], struct error **err);
void confine_read_first_limits(struct rlimit ret[RESOURCE_LIMITS]);

/* A session keyring of its own, and no audit identity of our caller's. */
int confine_keyring(struct error **err);

/* Takes everything but SPEC's capabilities from the bounding set, and arranges what root keeps, or another UID with
 * the AMBIENT ones. */
int confine_capabilities(const struct spec *spec, uid_t uid, uint64_t ambient, struct error **err);

/* Becomes USER: ids, groups, ambient capabilities, no-new-privileges. IN_USERNS: the process is in a user namespace of
 * the container's. Clears the signal that a dying parent sends. */
int confine_user(const struct spec *spec, const struct user *user, uint64_t ambient, bool in_userns,
                 struct error **err);

int confine_system_calls(const struct spec *spec, struct error **err);

/* The signals that this process ignores, bit 0 for signal 1: the rest of what exec() does not reset by itself. Asks
 * /proc, so it is to be called where that can be trusted. */
uint64_t confine_read_ignored_signals(void);

/* Default dispositions, of those IGNORED, and an open mask: ours and our caller's are no business of the payload. */
void confine_signals(uint64_t ignored);
