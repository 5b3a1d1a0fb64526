/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * visit: something done in a machine's mount namespace by a process of ours that stays the host's in all else: it is in
 * nobody's sight in there, has all of root's capabilities, and is gone when the call returns.
 */
#pragma once

#include "base/error.h"

struct guest;

/* What is done there. The working directory is this process' /proc/self/fd of the host, so that the name of a
 * descriptor, "7" say, is a path to what it is open for. No path of the machine's may be pasted together. */
typedef int visit_fn(void *data, struct error **err);

/* Calls FUNCTION(DATA) there, with the ids that the machine's root has on the host for files that it makes. What it
 * writes to DATA is lost. */
int visit_machine(const struct guest *guest, visit_fn *function, void *data, struct error **err);
