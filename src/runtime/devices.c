/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which device nodes work in the container: a cgroup device program (BPF_CGROUP_DEVICE, Linux 4.15) on the payload's
 * group. CAP_MKNOD alone would let a container without a user namespace make a node for the host's disk and read it.
 *
 * Where a service manager made our unit it has set its own policy (DevicePolicy= of the template unit), and we leave it
 * at that. A device that is bound into the container is allowed along with it.
 */
#include <dirent.h>
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
#include "base/path.h"
#include "runtime/run_state.h"

enum { ANY = -1, RULES_MAX = 64, RULE_LENGTH = 8, PROGRAM_MAX = 8 + RULES_MAX * RULE_LENGTH };

struct rule {
    int type;                   /* BPF_DEVCG_DEV_* */
    int major, minor;           /* ANY for all */
    int access;                 /* BPF_DEVCG_ACC_*, what is allowed */
};

enum {
    ACCESS_NODE = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD,
    ACCESS_USE = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
};

static const struct rule standard[] = {
    {BPF_DEVCG_DEV_CHAR, 1, 3, ACCESS_NODE},      {BPF_DEVCG_DEV_CHAR, 1, 5, ACCESS_NODE},
    {BPF_DEVCG_DEV_CHAR, 1, 7, ACCESS_NODE},      {BPF_DEVCG_DEV_CHAR, 1, 8, ACCESS_NODE},
    {BPF_DEVCG_DEV_CHAR, 1, 9, ACCESS_NODE},      {BPF_DEVCG_DEV_CHAR, 5, 0, ACCESS_NODE},
    {BPF_DEVCG_DEV_CHAR, 5, 2, ACCESS_USE},       {BPF_DEVCG_DEV_CHAR, 136, ANY, ACCESS_USE},
    {BPF_DEVCG_DEV_CHAR, 137, ANY, ACCESS_USE},   {BPF_DEVCG_DEV_CHAR, 138, ANY, ACCESS_USE},
    {BPF_DEVCG_DEV_CHAR, 139, ANY, ACCESS_USE},   {BPF_DEVCG_DEV_CHAR, 10, 200, ACCESS_NODE},
    {BPF_DEVCG_DEV_CHAR, 10, 229, ACCESS_NODE},   {BPF_DEVCG_DEV_CHAR, 0, 0, BPF_DEVCG_ACC_MKNOD},
};

static struct bpf_insn load(int reg, int offset)
{
    return (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (uint8_t) reg, .src_reg = BPF_REG_1,
                             .off = (int16_t) offset};
}

static struct bpf_insn jump_unless_equal(int reg, int value, int skip)
{
    return (struct bpf_insn){.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = (uint8_t) reg, .imm = value, .off = (int16_t) skip};
}

static struct bpf_insn move(int reg, int value)
{
    return (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (uint8_t) reg, .imm = value};
}

static const struct bpf_insn leave = {.code = BPF_JMP | BPF_EXIT};

/* r2: type, r3: access wanted, r4: major, r5: minor. A rule fits when all of it fits and no more access is wanted. */
static size_t emit_rule(struct bpf_insn *program, size_t n, const struct rule *rule)
{
    size_t start = n;

    program[n++] = jump_unless_equal(BPF_REG_2, rule->type, 0);
    if (rule->major != ANY)
        program[n++] = jump_unless_equal(BPF_REG_4, rule->major, 0);
    if (rule->minor != ANY)
        program[n++] = jump_unless_equal(BPF_REG_5, rule->minor, 0);
    program[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_3};
    program[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = BPF_REG_6, .imm = ~rule->access};
    program[n++] = jump_unless_equal(BPF_REG_6, 0, 0);
    program[n++] = move(BPF_REG_0, 1);
    program[n++] = leave;
    /* every test that fails goes to the next rule */
    for (size_t i = start; i < n; i++)
        if (program[i].code == (BPF_JMP | BPF_JNE | BPF_K))
            program[i].off = (int16_t) (n - i - 1);
    return n;
}

static size_t build(const struct rule *rules, size_t n_rules, struct bpf_insn *program)
{
    size_t n = 0;

    program[n++] = load(BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    program[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_2};
    program[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = BPF_REG_2, .imm = 0xffff};
    program[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_RSH | BPF_K, .dst_reg = BPF_REG_3, .imm = 16};
    program[n++] = load(BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
    program[n++] = load(BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
    for (size_t i = 0; i < n_rules; i++)
        n = emit_rule(program, n, &rules[i]);
    program[n++] = move(BPF_REG_0, 0);
    program[n++] = leave;
    return n;
}

static size_t add_node(const struct stat *st, struct rule *rules, size_t n)
{
    if (n < RULES_MAX && (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)))
        rules[n++] = (struct rule){S_ISCHR(st->st_mode) ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK,
                                   (int) major(st->st_rdev), (int) minor(st->st_rdev), ACCESS_NODE};
    return n;
}

/* A folder such as /dev/dri: the devices right in it. Others are none, whatever their size: only /dev holds nodes. */
static size_t add_folder(const char *path, struct rule *rules, size_t n)
{
    DIR *dir = path_is_below(path, "/dev") ? opendir(path) : NULL;
    struct stat st;

    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0)
            n = add_node(&st, rules, n);
    if (dir)
        (void) closedir(dir);
    return n;
}

/* Devices the user binds: their nodes on the host say which. */
static size_t add_bound(const struct spec *spec, struct rule *rules, size_t n)
{
    for (size_t i = 0; i < spec->n_mounts && n < RULES_MAX; i++) {
        const struct mount_request *m = &spec->mounts[i];
        struct stat st;

        if (m->type != MOUNT_BIND || !m->source[0].path || m->source[0].in_tree || stat(m->source[0].path, &st) < 0)
            continue;
        n = S_ISDIR(st.st_mode) ? add_folder(m->source[0].path, rules, n) : add_node(&st, rules, n);
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
    struct rule rules[RULES_MAX];
    struct bpf_insn program[PROGRAM_MAX];

    (void) err;
    if (!run->cgroup_is_ours)
        return 0;
    memcpy(rules, standard, sizeof standard);

    size_t n_rules = add_bound(run->spec, rules, COUNT_OF(standard));
    int r = load_and_attach(run->cgroup_fd, program, build(rules, n_rules, program));

    if (r < 0 && !run->has_userns)
        log_warning("cannot restrict device nodes (%s): root in this container can reach the host's devices; use private "
                    "users (-U), or a kernel with CONFIG_CGROUP_BPF", strerror(-r));
    return 0;
}
