/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The call by hand: the C library's would set errno, which is the caller's, too. */
#include "base/errand.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clone.h"

#if defined __x86_64__

static void send_plainly(const struct errand *errand)
{
    register long flags __asm__("r10") = 0, address __asm__("r8") = 0, address_size __asm__("r9") = 0;
    long ret = SYS_sendto;

    __asm__ volatile("syscall"
                     : "+a"(ret)
                     : "D"((long) errand->fd), "S"(errand->data), "d"(errand->size), "r"(flags), "r"(address),
                       "r"(address_size)
                     : "rcx", "r11", "memory");
}

#elif defined __aarch64__

static void send_plainly(const struct errand *errand)
{
    register long x8 __asm__("x8") = SYS_sendto;
    register long x0 __asm__("x0") = errand->fd;
    register long x1 __asm__("x1") = (long) errand->data;
    register long x2 __asm__("x2") = (long) errand->size;
    register long x3 __asm__("x3") = 0, x4 __asm__("x4") = 0, x5 __asm__("x5") = 0;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
}

#else

/* Nor is there clone_call(). */
static void send_plainly(const struct errand *errand)
{
    (void) errand;
}

#endif

static int run_errand(void *data)
{
    send_plainly(data);
    return 0;
}

/* To another processor: the kernel likes to leave it where its maker is, who would have to wait first. */
static void send_away(pid_t pid)
{
    int here = sched_getcpu();
    cpu_set_t cpus;

    if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof cpus, &cpus) < 0)
        return;
    CPU_CLR(here, &cpus);
    if (CPU_COUNT(&cpus) > 0)
        (void) sched_setaffinity(pid, sizeof cpus, &cpus);
}

void errand_send(struct errand *errand, int fd, const void *data, size_t size)
{
    char *stack = clone_stack_make();
    struct clone_args arguments = {
        .flags = CLONE_SHARE_MEMORY | CLONE_FILES | CLONE_FS,
        .stack = (uint64_t) (uintptr_t) stack,
        .stack_size = CLONE_STACK_SIZE,
    };

    *errand = (struct errand){.stack = stack, .fd = fd, .data = data, .size = size};
    if (!stack)
        return;

    pid_t pid = clone_call(&arguments, run_errand, errand);
    if (pid < 0) {
        errand_await(errand);
        return;
    }
    errand->pid = pid;
    send_away(pid);
}

void errand_await(struct errand *errand)
{
    /* it tells by no signal, and whoever waits for all of that kind (clone_forget_ended()) may have been faster */
    while (errand->pid > 0 && waitpid(errand->pid, NULL, __WCLONE) < 0 && errno == EINTR)
        ;
    if (errand->stack)
        (void) munmap(errand->stack, CLONE_STACK_SIZE);
    *errand = (struct errand){0};
}
