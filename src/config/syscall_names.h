/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * syscall_names: what the build knows about system calls: their names, their groups, their numbers in each ABI of the
 * machine, and what becomes of them in a container by default.
 *
 * Constant tables, made at build time out of data/syscall-groups.txt and data/syscall-policy.txt. For whoever reads
 * --system-call-filter= (is this name known?) and for the maker of the filter (runtime/seccomp.c); nothing is decided
 * or changed here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What becomes of a call by default. */
enum syscall_class {
    SYSCALL_UNKNOWN,                    /* fails with ENOSYS: newer than our tables, or not in @known */
    SYSCALL_REFUSED,                    /* fails with EPERM */
    SYSCALL_ALLOWED,

    /* Allowed too, but some containers' filters look closer: */
    SYSCALL_SOCKET,                     /* the address family, and the protocol of netlink */
    SYSCALL_SOCKETCALL,                 /* 32-bit x86: socket() and its kin behind one number */
    SYSCALL_SYNC,                       /* --suppress-sync=: what makes data safe … */
    SYSCALL_SYNC_FD,                    /* … of the file descriptor in the first argument */
    SYSCALL_OPEN,                       /* flags in the second argument */
    SYSCALL_OPENAT,                     /* flags in the third argument */

    SYSCALL_NEEDS_CAPABILITY = 64,      /* this + N: allowed with capability N, else refused */
};

enum {
    SYSCALL_ABIS_MAX = 3,               /* x86-64 has most: its own, x32, and that of 32-bit x86 */
    SYSCALL_RANGES = 2,                 /* 32-bit ARM has some calls far above the others */
    SYSCALL_NUMBERS_MAX = 576,          /* no ABI has more numbers in its ranges */
};

/* Numbers from `first` up to the next stretch's are of one class. */
struct syscall_stretch {
    uint32_t first;
    uint8_t class;                      /* enum syscall_class */
};

/* One way of calling the kernel that programs on this machine may use. */
struct syscall_abi {
    const char *name;
    uint32_t architecture;              /* AUDIT_ARCH_…, as a filter sees it */
    uint32_t base;                      /* set in all its numbers; not in those of the tables here */
    struct {
        uint32_t first, count;          /* ascending; an unused one is empty */
    } range[SYSCALL_RANGES];
    const uint8_t *class;               /* enum syscall_class of each number, range after range */
    const struct syscall_stretch *stretch;      /* the same, told briefly: ascending, and outside the ranges unknown */
    size_t n_stretches;
};

/* The machine's own first; one with a base follows the one it shares its architecture with. */
extern const struct syscall_abi syscall_abis[];
extern const size_t n_syscall_abis;

struct syscall_name {
    const char *name;
    uint32_t groups;                    /* one bit each */
    int32_t number[SYSCALL_ABIS_MAX];   /* by ABI; -1: does not exist there */
};

/* Goes through what NAME stands for: a call stands for itself, "@group" for its members. PREVIOUS is NULL at first.
 * NULL: no more, or nothing at all by that name. */
const struct syscall_name *syscall_next(const char *name, const struct syscall_name *previous);

/* Whether NAME is a call, of whatever architecture, or an "@group". */
bool seccomp_name_is_known(const char *name);

/* Where NUMBER (without base) stands in abi->class; -1 when outside its ranges. */
int syscall_index(const struct syscall_abi *abi, int32_t number);
