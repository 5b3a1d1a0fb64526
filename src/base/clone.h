/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clone: clone3(2) with a function to run, which C libraries do not wrap. For children that share the caller's memory
 * (CLONE_VM), and for those that are born in a cgroup (CLONE_INTO_CGROUP, Linux 5.7): a process that moves to one
 * waits until every processor has been through a grace period of the kernel, 5 to 30 ms where it comes alone.
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

/* The child calls FUNCTION(DATA) and exits with its result. Its stack is that of ARGUMENTS, whose end is aligned to 16.
 * Without one it goes on below the caller's frames: with CLONE_VFORK, since the caller then stands still until the
 * child has executed a program or ended, and its own frames are out of the child's way; or where memory is not shared.
 * That spares the kernel a mapping and half a dozen page faults.
 * Returns the pid, or a negative errno; -ENOSYS also on machines whose calling convention is not known here. */
pid_t clone_call(struct clone_args *arguments, int (*function)(void *data), void *data);

/* clone(2) for where clone3(2) is not to be had: flags without CLONE_INTO_CGROUP. It takes a stack in any case. */
enum { CLONE_STACK_SIZE = 256 << 10 };
pid_t clone_call_old(unsigned flags, char *stack, int (*function)(void *data), void *data, int *ret_pidfd);

/* CLONE_STACK_SIZE bytes, to be given back by munmap(); NULL: there is no memory. */
char *clone_stack_make(void);

/* _exit(2), also behind a filter of system calls that takes even that away: C libraries try again for ever. */
_Noreturn void clone_exit(int status);

/* fork(2) without what a C library does around it. No signal tells of the child's end, so that it is in nobody's way
 * who waits for children: only __WCLONE finds it. The child may not do more than system calls. */
pid_t clone_silently(void);

/* Takes leave of children of that kind that have ended. */
void clone_forget_ended(void);
