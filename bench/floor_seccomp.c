/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Seccomp programs of a given length that have the shape of real ones and allow everything.
 *
 * The kernel's price of a filter is its check, its translation, and one trial run for each system call number, so
 * length and shape are what count, not what is returned. The shape is a search tree over the numbers with short lists
 * at its leaves. The reference loads one program for each of three ABIs and two small ones that look at arguments.
 */
#include "floor.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#define ARCH_NATIVE AUDIT_ARCH_X86_64
#define ARCH_FOREIGN AUDIT_ARCH_I386
#elif defined __aarch64__
#define ARCH_NATIVE AUDIT_ARCH_AARCH64
#define ARCH_FOREIGN AUDIT_ARCH_ARM
#else
#error "name the audit architecture of this processor here"
#endif

enum {
    PROGRAM_LIMIT = 600,
    LEAF_CALLS = 5,             /* compared one by one in a leaf */
    LEAF_SIZE = LEAF_CALLS + 1, /* and the verdict they share    */
    FIRST_OTHER_ABI = 0x40000000,
};

struct program {
    struct sock_filter code[PROGRAM_LIMIT];
    size_t length;
};

static void emit(struct program *program, uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t value)
{
    program->code[program->length++] = (struct sock_filter){code, if_true, if_false, value};
}

static void emit_load(struct program *program, size_t offset)
{
    emit(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t) offset);
}

static void emit_allow(struct program *program)
{
    emit(program, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

/* Compares with COUNT numbers from FIRST on: a tree of exactly SIZE instructions. */
static void emit_tree(struct program *program, uint32_t first, size_t size)
{
    if (size < 2 * LEAF_SIZE + 2) {
        for (size_t left = size - 1; left > 0; left--)
            emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t) (left - 1), 0, first++);
        emit_allow(program);
        return;
    }

    /* The jump over the lower half does not fit into the eight bits of a condition: it is an instruction of its own. */
    size_t lower = (size - 2) / 2;
    uint32_t middle = first + (uint32_t) (lower * LEAF_CALLS / (LEAF_SIZE + 1));

    emit(program, BPF_JMP | BPF_JGE | BPF_K, 0, 1, middle);
    emit(program, BPF_JMP | BPF_JA, 0, 0, (uint32_t) lower);
    emit_tree(program, first, lower);
    emit_tree(program, middle, size - 2 - lower);
}

/* One ABI's program: what is not of that ABI is allowed at once. */
static void make_abi_program(struct program *program, uint32_t arch, uint32_t first_call, size_t size)
{
    program->length = 0;
    emit_load(program, offsetof(struct seccomp_data, arch));
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, arch);
    emit_allow(program);
    emit_load(program, offsetof(struct seccomp_data, nr));
    emit(program, BPF_JMP | BPF_JGE | BPF_K, 1, 0, first_call);
    emit_allow(program);
    emit_tree(program, first_call, size - program->length);
}

/* A program that reads arguments of socket(), so that its verdict on that call is found anew each time. */
static void make_socket_program(struct program *program, size_t size)
{
    program->length = 0;
    emit_load(program, offsetof(struct seccomp_data, arch));
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t) (size - 3), ARCH_NATIVE);
    emit_load(program, offsetof(struct seccomp_data, nr));
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t) (size - 5), SYS_socket);

    while (program->length < size - 1) {
        emit_load(program, offsetof(struct seccomp_data, args[0]));
        if (program->length < size - 1)
            emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t) (size - program->length - 2), 0, PF_MAX);
    }
    emit_allow(program);
}

static void program_load(struct program *program)
{
    struct sock_fprog loaded = {.len = (unsigned short) program->length, .filter = program->code};

    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) < 0)
        floor_die("load a system call filter");
}

void filters_load(unsigned n_filters)
{
    struct program program;

    if (n_filters == 1) {
        make_abi_program(&program, ARCH_NATIVE, 0, 566);
        program_load(&program);
    }
    if (n_filters != 5)
        return;

    make_abi_program(&program, ARCH_FOREIGN, 0, 566);
    program_load(&program);
    make_abi_program(&program, ARCH_NATIVE, FIRST_OTHER_ABI, 455);
    program_load(&program);
    make_abi_program(&program, ARCH_NATIVE, 0, 470);
    program_load(&program);
    make_socket_program(&program, 11);
    program_load(&program);
    make_socket_program(&program, 16);
    program_load(&program);
}
