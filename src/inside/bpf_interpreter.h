/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf_interpreter: what the kernel would do with a seccomp program, for tests: the check at loading, and the verdict on
 * one call. Written from the kernel's description of classic BPF, not from our generator. No part of any program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

/* One call, and what its judgement looked at. */
struct bpf_verdict {
    uint32_t action;            /* SECCOMP_RET_… */
    bool by_number_alone;       /* the kernel can find the verdict ahead of time and skip the program from then on */
    unsigned steps;
};

static inline bool bpf_instruction_is_valid(const struct sock_filter *program, size_t n, size_t i)
{
    const struct sock_filter *instruction = &program[i];
    size_t behind = n - i - 1;

    switch (instruction->code) {
    case BPF_LD | BPF_W | BPF_ABS:
        return instruction->k % 4 == 0 && instruction->k < sizeof(struct seccomp_data);
    case BPF_JMP | BPF_JA:
        return instruction->k < behind;
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_K:
        return instruction->jt < behind && instruction->jf < behind;
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ST:
    case BPF_LD | BPF_MEM:
        return true;
    case BPF_RET | BPF_K:
        return true;
    default:
        return false;           /* there are more, which neither we nor libseccomp use */
    }
}

static inline bool bpf_is_valid(const struct sock_filter *program, size_t n)
{
    if (n == 0 || n > BPF_MAXINSNS || program[n - 1].code != (BPF_RET | BPF_K))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!bpf_instruction_is_valid(program, n, i))
            return false;
    return true;
}

static inline bool bpf_compare(const struct sock_filter *instruction, uint32_t a)
{
    switch (BPF_OP(instruction->code)) {
    case BPF_JEQ:
        return a == instruction->k;
    case BPF_JGE:
        return a >= instruction->k;
    case BPF_JGT:
        return a > instruction->k;
    default:
        return (a & instruction->k) != 0;
    }
}

/* PROGRAM is valid: since jumps only go forward, it ends. */
static inline struct bpf_verdict bpf_run(const struct sock_filter *program, const struct seccomp_data *data)
{
    struct bpf_verdict verdict = {.by_number_alone = true};
    uint32_t a = 0, memory[BPF_MEMWORDS] = {0};

    for (const struct sock_filter *at = program;; at++) {
        verdict.steps++;
        switch (at->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            (void) memcpy(&a, (const char *) data + at->k, sizeof a);
            if (at->k >= offsetof(struct seccomp_data, instruction_pointer))
                verdict.by_number_alone = false;
            break;
        case BPF_ST:
            memory[at->k % BPF_MEMWORDS] = a;
            verdict.by_number_alone = false;
            break;
        case BPF_LD | BPF_MEM:
            a = memory[at->k % BPF_MEMWORDS];
            verdict.by_number_alone = false;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= at->k;
            break;
        case BPF_JMP | BPF_JA:
            at += at->k;
            break;
        case BPF_RET | BPF_K:
            verdict.action = at->k;
            return verdict;
        default:
            at += bpf_compare(at, a) ? at->jt : at->jf;
        }
    }
}
