/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clone3() by hand. No C library offers it with a stack of its own, since a function that calls it cannot return on
 * that stack: so the child calls its function in the same instructions that made it.
 */
#include "runtime/clone_into.h"

#include <errno.h>
#include <stdint.h>

#include "base/kernel.h"

/* Address sanitizers have to be told of new stacks: only the C library's call does that. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BY_HAND 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BY_HAND 0
#else
#define BY_HAND 1
#endif
#else
#define BY_HAND 1
#endif

#if BY_HAND && defined(__x86_64__) && defined(__LP64__)
static long call(struct clone_args *args, int (*function)(void *), void *data)
{
    long r;

    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "mov %[data], %%rdi\n\t"
                     "call *%[function]\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(r)
                     : "0"((long) SYS_clone3), "D"(args), "S"(sizeof *args), [function] "r"(function), [data] "r"(data)
                     : "rcx", "r11", "memory");
    return r;
}
#elif BY_HAND && defined(__aarch64__) && defined(__LP64__)
static long call(struct clone_args *args, int (*function)(void *), void *data)
{
    register long x0 __asm__("x0") = (long) args;
    register long x1 __asm__("x1") = sizeof *args;
    register long x8 __asm__("x8") = SYS_clone3;

    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x0, %[data]\n\t"
                     "blr %[function]\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x1), "r"(x8), [function] "r"(function), [data] "r"(data)
                     : "memory", "cc");
    return x0;
}
#else
static long call(struct clone_args *args, int (*function)(void *), void *data)
{
    (void) args, (void) function, (void) data;
    return -ENOSYS;
}
#endif

pid_t clone_into(int (*function)(void *data), void *stack, size_t size, int flags, int cgroup_fd, void *data,
                 int *ret_pidfd)
{
    struct clone_args args = {
        .flags = (uint64_t) (unsigned) (flags & ~CSIGNAL) | CLONE_INTO_CGROUP,
        .pidfd = (uintptr_t) ret_pidfd,
        .exit_signal = (unsigned) (flags & CSIGNAL),
        .stack = (uintptr_t) stack,
        .stack_size = size,
        .cgroup = (unsigned) cgroup_fd,
    };

    return (pid_t) call(&args, function, data);
}
