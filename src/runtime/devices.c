/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which device nodes work in the container: a cgroup device program (BPF_CGROUP_DEVICE, Linux 4.15) on the payload's
 * group. CAP_MKNOD alone would let a container without a user namespace make a node for the host's disk and read it.
 *
 * Where a service manager made our unit it has set its own policy (DevicePolicy= of the template unit), and is asked to
 * let through what is bound into the container (cli/scope.c); here that is part of the program.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "runtime/bound_devices.h"
#include "runtime/run_state.h"

/* All of a host's /dev may be bound; the rest of the program is 26 instructions. */
enum { DEVICES_MAX = 1024, PROGRAM_MAX = 26 + DEVICES_MAX };

struct device {
    bool is_block;
    unsigned major, minor;
};

/* Character devices that may be used and made anew. 0:0 is no device at all but overlayfs' mark of a deleted file. */
static const struct device standard[] = {
    {false, 1, 3}, {false, 1, 5}, {false, 1, 7},    {false, 1, 8},    {false, 1, 9},
    {false, 5, 0}, {false, 0, 0}, {false, 10, 200}, {false, 10, 229},
};

/* The kernel proves every program safe at each load, following all branches: so this one is short, compares one
 * number per device, and has hardly a branch that matters. r1 is the context, r2 what is wanted, r4 the device. */
enum { KEY_SHIFT = 20, PTS_MAJOR = 136, PTS_MAJORS = 4 };

struct program {
    struct bpf_insn insn[PROGRAM_MAX];
    size_t n;
};

static void emit(struct program *p, uint8_t code, int destination, int source, int16_t offset, int32_t value)
{
    assert(p->n < PROGRAM_MAX);
    p->insn[p->n++] = (struct bpf_insn){.code = code,
                                        .dst_reg = (uint8_t) destination & 15,
                                        .src_reg = (uint8_t) source & 15,
                                        .off = offset,
                                        .imm = value};
}

static void emit_verdict(struct program *p, int verdict)
{
    emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict);
    emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int32_t key_of(const struct device *device)
{
    return (int32_t) (device->major << KEY_SHIFT | device->minor);
}

/* "if r4 is one of the devices of this type: allow"; each jump is aimed at the verdict behind the list. */
static void emit_devices(struct program *p, const struct device *devices, size_t n, bool block)
{
    size_t start = p->n;

    for (size_t i = 0; i < n; i++)
        if (devices[i].is_block == block)
            emit(p, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_4, 0, 0, key_of(&devices[i]));
    if (p->n == start)
        return;                 /* code that nothing leads to is refused by the kernel */
    emit(p, BPF_JMP | BPF_JA, 0, 0, 2, 0);
    for (size_t i = start; i + 1 < p->n; i++)
        p->insn[i].off = (int16_t) (p->n - i - 1);
    emit_verdict(p, 1);
}

static void build(const struct device *devices, size_t n, struct program *p)
{
    const struct device ptmx = {false, 5, 2};

    emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
    emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
    emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
    emit(p, BPF_ALU64 | BPF_LSH | BPF_K, BPF_REG_4, 0, 0, KEY_SHIFT);
    emit(p, BPF_ALU64 | BPF_OR | BPF_X, BPF_REG_4, BPF_REG_5, 0, 0);
    emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
    emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0, 0xffff);

    size_t to_blocks = p->n;
    emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 0, BPF_DEVCG_DEV_CHAR);
    emit_devices(p, devices, n, false);
    /* terminals: to be used, not to be made */
    emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, BPF_DEVCG_ACC_MKNOD << 16);
    emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 6, 0);
    emit(p, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_4, 0, 3, key_of(&ptmx));
    emit(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_4, 0, 0, KEY_SHIFT);
    emit(p, BPF_ALU64 | BPF_SUB | BPF_K, BPF_REG_4, 0, 0, PTS_MAJOR);
    emit(p, BPF_JMP | BPF_JGE | BPF_K, BPF_REG_4, 0, 2, PTS_MAJORS);
    emit_verdict(p, 1);
    emit_verdict(p, 0);
    p->insn[to_blocks].off = (int16_t) (p->n - to_blocks - 1);
    emit_devices(p, devices, n, true);
    emit_verdict(p, 0);
}

static size_t add_bound(const struct spec *spec, struct device *devices, size_t n)
{
    CLEANUP(strings_done) struct strings paths = {0};

    bound_devices(spec, &paths);
    if (n + paths.count > DEVICES_MAX)
        log_warning("%zu devices are bound, of which the last %zu cannot be used: %d are the most", paths.count,
                    n + paths.count - DEVICES_MAX, DEVICES_MAX - (int) n);
    for (size_t i = 0; i < paths.count && n < DEVICES_MAX; i++) {
        struct stat st;

        if (stat(paths.item[i], &st) == 0)
            devices[n++] = (struct device){S_ISBLK(st.st_mode), major(st.st_rdev), minor(st.st_rdev)};
    }
    return n;
}

static int load_and_attach(int cgroup_fd, const struct bpf_insn *program, size_t n)
{
    union bpf_attr attr = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insn_cnt = (uint32_t) n,
        .insns = (uint64_t) (uintptr_t) program,
        .license = (uint64_t) (uintptr_t) "LGPL-2.1-or-later",
    };
    auto_close int program_fd = (int) syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
    if (program_fd < 0)
        return -errno;

    union bpf_attr attach = {
        .target_fd = (uint32_t) cgroup_fd, .attach_bpf_fd = (uint32_t) program_fd, .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI,
    };
    return syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) < 0 ? -errno : 0;
}

int step_devices_restrict(struct run *run, struct error **err)
{
    struct device devices[DEVICES_MAX];
    struct program program;

    (void) err;
    if (!run->cgroup_is_ours)
        return 0;
    memcpy(devices, standard, sizeof standard);
    program.n = 0;
    build(devices, add_bound(run->spec, devices, COUNT_OF(standard)), &program);

    int r = load_and_attach(run->cgroup_fd, program.insn, program.n);

    if (r < 0 && !run->has_userns)
        log_warning(
            "cannot restrict device nodes (%s): root in this container can reach the host's devices; use private "
            "users (-U), or a kernel with CONFIG_CGROUP_BPF",
            strerror(-r));
    return 0;
}
