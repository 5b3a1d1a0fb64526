/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* seccomp_fixture: a filter as tests and the fuzz target ask about it. No part of any program. */
#pragma once

#include <stdlib.h>

#include "config/syscall_names.h"
#include "inside/bpf_interpreter.h"
#include "inside/seccomp.h"

#define ERRNO_VERDICT(code) (SECCOMP_RET_ERRNO | (code))

struct filter {
    struct sock_filter program[BPF_MAXINSNS];
    size_t length;
};

/* What FILTER says of a call. NUMBER is without the ABI's base. */
static inline struct bpf_verdict filter_judge(const struct filter *filter, const struct syscall_abi *abi,
                                              uint32_t number, const uint64_t *arguments)
{
    struct seccomp_data data = {.arch = abi->architecture, .nr = (int) (number + abi->base)};

    if (arguments)
        (void) memcpy(data.args, arguments, sizeof data.args);
    return bpf_run(filter->program, &data);
}

/* One past the greatest number in the ABI's tables. */
static inline uint32_t syscall_end(const struct syscall_abi *abi)
{
    uint32_t end = 0;

    for (size_t i = 0; i < SYSCALL_RANGES; i++)
        if (abi->range[i].count > 0)
            end = abi->range[i].first + abi->range[i].count;
    return end;
}

/* Calls that filters look closer at are what the policy allows, too. */
static inline bool class_is_allowed(uint8_t class, uint64_t capabilities)
{
    if (class >= SYSCALL_NEEDS_CAPABILITY)
        return capabilities >> (class - SYSCALL_NEEDS_CAPABILITY) & 1;
    return class >= SYSCALL_ALLOWED;
}
