/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What runs in a container while it is measured: small enough to weigh nothing, so it has no C library.
 *
 *     payload exit STATUS     ends with STATUS
 *     payload hold            writes "up" and a line end to its standard output, then sleeps for good
 *     payload spew MEGABYTES  writes a line "BEGIN", that much text in known lines, and a line "END"
 *     payload ready FILE      opens FILE and writes "ready" and a line end to it
 */
#include <stddef.h>

#if defined __x86_64__
enum { NR_WRITE = 1, NR_OPENAT = 257, NR_EXIT_GROUP = 231, NR_PPOLL = 271 };
#elif defined __aarch64__
enum { NR_WRITE = 64, NR_OPENAT = 56, NR_EXIT_GROUP = 94, NR_PPOLL = 73 };
#else
#error "name the system calls of this processor here"
#endif

enum {
    AT_CWD = -100,
    WRITE_ONLY = 1,
    LINE_LENGTH = 64,
    CHUNK = 65536,
    MEGABYTE = 1048576,
};

static long call(long number, long a, long b, long c, long d, long e)
{
#if defined __x86_64__
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;

    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#endif
}

static _Noreturn void finish(int status)
{
    for (;;)
        call(NR_EXIT_GROUP, status, 0, 0, 0, 0);
}

static void write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        long written = call(NR_WRITE, fd, (long) text, (long) length, 0, 0);

        if (written <= 0)
            finish(1);
        text += written;
        length -= (size_t) written;
    }
}

static int number_read(const char *text)
{
    int number = 0;

    while (*text >= '0' && *text <= '9')
        number = number * 10 + *text++ - '0';
    return number;
}

static void spew(int megabytes)
{
    static char chunk[CHUNK];

    for (size_t i = 0; i < CHUNK; i++)
        chunk[i] = (char) (i % LINE_LENGTH == LINE_LENGTH - 1 ? '\n' : '0' + i % LINE_LENGTH);

    write_all(1, "BEGIN\n", 6);
    for (int left = megabytes * (MEGABYTE / CHUNK); left > 0; left--)
        write_all(1, chunk, CHUNK);
    write_all(1, "END\n", 4);
}

/* Called with the stack as the kernel left it: the number of arguments, then the arguments. */
__attribute__((used)) _Noreturn void payload_main(const long *stack)
{
    char **argv = (char **) (stack + 1);
    char verb = stack[0] > 1 ? argv[1][0] : 'e';

    if (verb == 'h') {
        write_all(1, "up\n", 3);
        for (;;)
            call(NR_PPOLL, 0, 0, 0, 0, 0);
    }
    if (stack[0] < 3)
        finish(2);
    if (verb == 's') {
        spew(number_read(argv[2]));
        finish(0);
    }
    if (verb == 'r') {
        long fd = call(NR_OPENAT, AT_CWD, (long) argv[2], WRITE_ONLY, 0, 0);

        write_all((int) fd, "ready\n", 6);
        finish(0);
    }
    finish(number_read(argv[2]));
}

#if defined __x86_64__
__asm__(".globl _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call payload_main\n");
#else
__asm__(".globl _start\n_start:\n  mov x0, sp\n  bl payload_main\n");
#endif
