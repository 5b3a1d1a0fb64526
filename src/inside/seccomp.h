/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seccomp: the system call filter of a container: one BPF program for all ABIs of the machine.
 *
 * That of a container without options about its calls is made by the build, others in the container's own process just
 * before exec, out of tables the build made (config/syscall_names.h): a search tree over runs of numbers that share a
 * verdict, a few hundred instructions in some 30 microseconds. It uses only what
 * the kernel can judge ahead of time, so that allowed calls do not run the program at all (Linux 5.11).
 *
 * What it says: calls in the policy are allowed, other known ones fail with EPERM, unknown ones with ENOSYS. Sockets of
 * the audit system fail with EAFNOSUPPORT, as on a kernel without audit. The options add to that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"

struct sock_filter;

struct seccomp_request {
    uint64_t capabilities;              /* those the container keeps: they bring calls with them */
    const struct strings *allowed;      /* calls and @groups on top of the policy; unknown names are ignored */
    const struct strings *denied;       /* wins over everything that allows */
    bool families_given;                /* socket() is restricted … */
    bool families_deny;                 /* … to all families but these; else to these alone */
    const int *families;                /* AF_… */
    size_t n_families;
    bool suppress_sync;                 /* fsync() and its kin succeed without doing anything; O_SYNC is refused */
};

/* The filter for REQUEST, of *ret_n instructions, where the build has made it already; or NULL: it is to be built. */
const struct sock_filter *seccomp_ready(const struct seccomp_request *request, size_t *ret_n);

/* Writes the filter to PROGRAM, which has room for MAX instructions, and its length to *ret_n. Touches no more of
 * PROGRAM than it needs. Allocates nothing. -E2BIG: does not fit. */
int seccomp_build(const struct seccomp_request *request, struct sock_filter *program, size_t max, size_t *ret_n,
                  struct error **err);

/* Puts the calling thread under the filter, for good; later calls and exec are bound by it. LOG: the kernel logs what
 * it refuses. Needs CAP_SYS_ADMIN in the user namespace, or no-new-privileges: -EACCES otherwise. */
int seccomp_apply(const struct sock_filter *program, size_t n, bool log, struct error **err);
