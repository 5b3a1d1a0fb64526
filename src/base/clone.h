/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clone: clone3(2) with a function to run, which C libraries do not wrap. For children that share the caller's memory
 * (CLONE_VM) and so need a stack of their own.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include <linux/sched.h>

/* CLONE_VM, but for programs with a sanitizer, which keeps its own books about stacks: there the child gets its own
 * copy of the memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CLONE_SHARE_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CLONE_SHARE_MEMORY 0
#else
#define CLONE_SHARE_MEMORY CLONE_VM
#endif
#else
#define CLONE_SHARE_MEMORY CLONE_VM
#endif

/* The child calls FUNCTION(DATA) on the stack of ARGUMENTS, whose end is aligned to 16, and exits with its result.
 * Returns the pid, or a negative errno; -ENOSYS also on machines whose calling convention is not known here. */
pid_t clone_call(struct clone_args *arguments, int (*function)(void *data), void *data);

/* fork(2) without what a C library does around it. No signal tells of the child's end, so that it is in nobody's way
 * who waits for children: only __WCLONE finds it. The child may not do more than system calls. */
pid_t clone_silently(void);

/* Takes leave of children of that kind that have ended. */
void clone_forget_ended(void);
