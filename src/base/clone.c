/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system call by hand, since the child comes back on another stack than it left on: nothing of C may stand between
 * the call and the function.
 */
#include "base/clone.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kernel.h"

#if defined __x86_64__

static long call(struct clone_args *arguments, int (*function)(void *data), void *data)
{
    long ret;

    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "lea -128(%%rsp), %%rsp\n\t"  /* what a function may keep below its stack */
                     "and $-16, %%rsp\n\t"
                     "mov %[data], %%rdi\n\t"
                     "call *%[function]\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov %[exit], %%eax\n\t"
                     "syscall\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(ret)
                     : "0"((long) SYS_clone3), "D"(arguments), "S"(sizeof *arguments), [function] "r"(function),
                       [data] "r"(data), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory", "cc");
    return ret;
}

#elif defined __aarch64__

static long call(struct clone_args *arguments, int (*function)(void *data), void *data)
{
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long) arguments;
    register long x1 __asm__("x1") = sizeof *arguments;

    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x0, %[data]\n\t"
                     "blr %[function]\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc #0\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), [function] "r"(function), [data] "r"(data), [exit] "i"(SYS_exit)
                     : "x30", "memory", "cc");
    return x0;
}

#else

static long call(struct clone_args *arguments, int (*function)(void *data), void *data)
{
    (void) arguments, (void) function, (void) data;
    return -ENOSYS;
}

#endif

pid_t clone_call(struct clone_args *arguments, int (*function)(void *data), void *data)
{
    return (pid_t) call(arguments, function, data);
}

char *clone_stack_make(void)
{
    char *stack = mmap(NULL, CLONE_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    return stack == MAP_FAILED ? NULL : stack;
}

pid_t clone_call_old(unsigned flags, char *stack, int (*function)(void *data), void *data, int *ret_pidfd)
{
    pid_t pid = clone(function, stack + CLONE_STACK_SIZE, (int) flags | SIGCHLD, data, ret_pidfd);

    return pid < 0 ? -errno : pid;
}

void clone_exit(int status)
{
    (void) syscall(SYS_exit_group, status);
    /* a fault is the one end that needs no call, also for the first process of a namespace */
    __builtin_trap();
}

pid_t clone_silently(void)
{
    return (pid_t) syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
}

void clone_forget_ended(void)
{
    while (waitpid(-1, NULL, __WCLONE | WNOHANG) > 0)
        ;
}
