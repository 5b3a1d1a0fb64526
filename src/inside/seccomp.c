/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From tables and options to a BPF program. Two halves: what is the verdict on each number, and how to say it briefly.
 *
 * BPF only jumps forward, so the program is written from its end: whatever is jumped to is there already, its place is
 * known, and equal endings are shared. The array holds it in reverse until it is done.
 *
 * Runs between clone and exec, in memory that may be shared with the supervisor: no allocation, no state.
 */
#include "inside/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>

#include "base/mem.h"
#include "config/syscall_names.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the low half of an argument is looked for in front"
#endif

enum verdict {
    VERDICT_ALLOW,
    VERDICT_EPERM,
    VERDICT_ENOSYS,
    VERDICT_SUCCEED,            /* without being carried out */
    VERDICT_SUCCEED_FD,         /* from here on: by arguments */
    VERDICT_SOCKET,
    VERDICT_SOCKETCALL,
    VERDICT_OPEN,
    VERDICT_OPENAT,
    N_VERDICTS,
};

enum {
    JUMP_MAX = 250,             /* of the 255 that a condition reaches; the rest is for what comes in between */
    LEAF_EXCEPTIONS = 2,        /* single numbers compared one by one at a leaf of the tree: more make longer ways */
};

enum {
    CLASSES = SYSCALL_NEEDS_CAPABILITY + 64,
    UNCHANGED = N_VERDICTS,
};

/* The verdict on each class of calls; and on single ones that options name, in the order of the class tables. */
struct verdicts {
    uint8_t of_class[CLASSES];
    bool has_changes;
    uint8_t changed[SYSCALL_ABIS_MAX][SYSCALL_NUMBERS_MAX];     /* enum verdict, or UNCHANGED; empty without changes */
};

/* Numbers from `first` up to the next run's share a verdict. */
struct run {
    uint32_t first;
    enum verdict verdict;
};

struct runs {
    struct run item[SYSCALL_NUMBERS_MAX + 2 * SYSCALL_RANGES];
    size_t count;
};

/* A run; or several of one verdict, with single numbers between them that have another. */
struct leaf {
    uint16_t first_run, end_run;
};

/* The program so far, its last instruction first. A label is the place of an instruction in it. */
struct builder {
    struct sock_filter *code;
    size_t length, max;
    size_t label[N_VERDICTS];   /* where each verdict is pronounced */
};

static void emit_instruction(struct builder *builder, struct sock_filter instruction)
{
    if (builder->length < builder->max)
        builder->code[builder->length] = instruction;
    builder->length++;
}

static size_t emit(struct builder *builder, unsigned code, uint32_t k)
{
    emit_instruction(builder, (struct sock_filter) BPF_STMT((uint16_t) code, k));
    return builder->length - 1;
}

static size_t emit_return(struct builder *builder, uint32_t action)
{
    return emit(builder, BPF_RET | BPF_K, action);
}

static size_t emit_errno(struct builder *builder, uint32_t code)
{
    return emit_return(builder, SECCOMP_RET_ERRNO | code);
}

static size_t distance(const struct builder *builder, size_t label)
{
    return builder->length - label - 1;
}

/* Has the effect of the instruction at LABEL, here. */
static size_t emit_jump(struct builder *builder, size_t label)
{
    if (label < builder->max && builder->code[label].code == (BPF_RET | BPF_K))
        return emit_return(builder, builder->code[label].k);
    return emit(builder, BPF_JMP | BPF_JA, (uint32_t) distance(builder, label));
}

/* A label within a condition's reach that has the effect of LABEL. */
static size_t near(struct builder *builder, size_t label)
{
    return distance(builder, label) <= JUMP_MAX ? label : emit_jump(builder, label);
}

/* "A = data[offset]; goto next;" */
static size_t emit_load(struct builder *builder, size_t offset, size_t next)
{
    if (distance(builder, next) != 0)
        (void) emit_jump(builder, next);
    return emit(builder, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset);
}

/* "if (A OPERATION k) goto if_true; else goto if_false;" OPERATION is BPF_JEQ, BPF_JGE or BPF_JSET. */
static size_t emit_if(struct builder *builder, unsigned operation, uint32_t k, size_t if_true, size_t if_false)
{
    if_true = near(builder, if_true);
    if_false = near(builder, if_false);
    emit_instruction(builder, (struct sock_filter) BPF_JUMP((uint16_t) (BPF_JMP | operation | BPF_K), k,
                                                            (uint8_t) distance(builder, if_true),
                                                            (uint8_t) distance(builder, if_false)));
    return builder->length - 1;
}

static size_t argument(unsigned i)
{
    return offsetof(struct seccomp_data, args) + i * sizeof(uint64_t);
}

static bool families_are_restricted(const struct seccomp_request *request)
{
    return request->families_given && (!request->families_deny || request->n_families > 0);
}

/* The kernel takes the family and the protocol as int, so whatever is in the upper halves does not count. */
static size_t emit_socket_rule(struct builder *builder, const struct seccomp_request *request, size_t refuse)
{
    size_t allow = builder->label[VERDICT_ALLOW];
    size_t netlink = emit_if(builder, BPF_JEQ, NETLINK_AUDIT, refuse, allow);

    netlink = emit_load(builder, argument(2), netlink);

    bool only_listed = request->families_given && !request->families_deny;
    size_t label = only_listed ? refuse : emit_if(builder, BPF_JEQ, AF_NETLINK, netlink, allow);
    for (size_t i = 0; request->families_given && i < request->n_families; i++) {
        size_t listed = !only_listed ? refuse : request->families[i] == AF_NETLINK ? netlink : allow;

        label = emit_if(builder, BPF_JEQ, (uint32_t) request->families[i], listed, label);
    }
    return emit_load(builder, argument(0), label);
}

/* The family is in memory, where no filter can look: with families restricted, no socket is made this way. C libraries
 * have called socket() directly since Linux 4.3, and take this way only where that one does not exist. */
static size_t emit_socketcall_rule(struct builder *builder, size_t refuse)
{
    size_t label = emit_if(builder, BPF_JEQ, SYS_SOCKET, refuse, builder->label[VERDICT_ALLOW]);

    return emit_load(builder, argument(0), label);
}

/* A negative file descriptor goes to the kernel: EBADF is what programs find out with it. */
static size_t emit_succeed_fd_rule(struct builder *builder)
{
    size_t label = emit_if(builder, BPF_JSET, UINT32_C(1) << 31, builder->label[VERDICT_ALLOW],
                           builder->label[VERDICT_SUCCEED]);

    return emit_load(builder, argument(0), label);
}

static size_t emit_open_rule(struct builder *builder, unsigned flags_argument, size_t refuse)
{
    /* O_SYNC holds the bit of O_DSYNC */
    size_t label = emit_if(builder, BPF_JSET, O_SYNC, refuse, builder->label[VERDICT_ALLOW]);

    return emit_load(builder, argument(flags_argument), label);
}

/* Everything that a tree can end in. */
static void emit_verdicts(struct builder *builder, const struct seccomp_request *request)
{
    builder->label[VERDICT_ALLOW] = emit_return(builder, SECCOMP_RET_ALLOW);
    builder->label[VERDICT_EPERM] = emit_errno(builder, EPERM);
    builder->label[VERDICT_ENOSYS] = emit_errno(builder, ENOSYS);

    if (request->suppress_sync) {
        size_t refuse = emit_errno(builder, EINVAL);

        builder->label[VERDICT_SUCCEED] = emit_errno(builder, 0);
        builder->label[VERDICT_SUCCEED_FD] = emit_succeed_fd_rule(builder);
        builder->label[VERDICT_OPEN] = emit_open_rule(builder, 1, refuse);
        builder->label[VERDICT_OPENAT] = emit_open_rule(builder, 2, refuse);
    }

    size_t refuse = emit_errno(builder, EAFNOSUPPORT);
    builder->label[VERDICT_SOCKET] = emit_socket_rule(builder, request, refuse);
    if (families_are_restricted(request))
        builder->label[VERDICT_SOCKETCALL] = emit_socketcall_rule(builder, refuse);
}

/* VERDICT's label, moved along with the end of the program so that it is never far. */
static size_t near_verdict(struct builder *builder, enum verdict verdict)
{
    return builder->label[verdict] = near(builder, builder->label[verdict]);
}

static size_t emit_leaf(struct builder *builder, const struct runs *runs, const struct leaf *leaf)
{
    size_t label = near_verdict(builder, runs->item[leaf->first_run].verdict);

    for (size_t i = leaf->first_run + 1; i < leaf->end_run; i += 2) {
        size_t exception = near_verdict(builder, runs->item[i].verdict);

        label = emit_if(builder, BPF_JEQ, runs->item[i].first, exception, label);
    }
    return label;
}

static uint32_t first_number(const struct runs *runs, const struct leaf *leaf)
{
    return runs->item[leaf->first_run].first;
}

/* The leaf that stands where half of the numbers are behind it. As the kernel loads a filter it follows it for each
 * number, to know what needs no filter from then on: that is most of what loading costs. */
static size_t find_middle(const struct runs *runs, const struct leaf *leaves, size_t n)
{
    uint32_t last = first_number(runs, &leaves[n - 1]);
    size_t middle = 1;

    /* a tracer's number, behind which nothing is */
    if (last == UINT32_MAX)
        last = first_number(runs, &leaves[n - 2]);

    uint32_t half = first_number(runs, &leaves[0]) / 2 + last / 2 + 1;

    while (middle + 1 < n && first_number(runs, &leaves[middle]) < half)
        middle++;
    if (middle > 1 && half - first_number(runs, &leaves[middle - 1]) < first_number(runs, &leaves[middle]) - half)
        middle--;
    return middle;
}

static size_t emit_tree(struct builder *builder, const struct runs *runs, const struct leaf *leaves, size_t n)
{
    if (n == 1)
        return emit_leaf(builder, runs, leaves);

    size_t middle = find_middle(runs, leaves, n);
    size_t upper = emit_tree(builder, runs, leaves + middle, n - middle);
    size_t lower = emit_tree(builder, runs, leaves, middle);
    return emit_if(builder, BPF_JGE, first_number(runs, &leaves[middle]), upper, lower);
}

/* Whether run number I is a single number between two runs of one verdict. */
static bool is_exception(const struct runs *runs, size_t i)
{
    return i > 0 && i + 1 < runs->count && runs->item[i + 1].first == runs->item[i].first + 1 &&
           runs->item[i - 1].verdict == runs->item[i + 1].verdict;
}

static size_t find_leaves(const struct runs *runs, struct leaf *ret)
{
    size_t n = 0;

    for (size_t first = 0; first < runs->count; first = ret[n - 1].end_run) {
        size_t end = first + 1;

        while (end - first < 2 * LEAF_EXCEPTIONS && is_exception(runs, end))
            end += 2;
        ret[n++] = (struct leaf) {(uint16_t) first, (uint16_t) end};
    }
    return n;
}

static void add_run(struct runs *runs, uint32_t first, enum verdict verdict)
{
    /* a run that would be empty */
    if (runs->count > 0 && runs->item[runs->count - 1].first == first)
        runs->count--;
    if (runs->count == 0 || runs->item[runs->count - 1].verdict != verdict)
        runs->item[runs->count++] = (struct run) {first, verdict};
}

/* Of one stretch, from FIRST up to END, some numbers of which may have a verdict of their own. */
static void add_changed_runs(struct runs *runs, const struct syscall_abi *abi, uint32_t first, uint32_t end,
                             enum verdict others, const uint8_t *changed)
{
    int index = syscall_index(abi, (int32_t) first);

    for (uint32_t number = first; index >= 0 && number < end; number++, index++)
        add_run(runs, abi->base + number, changed[index] == UNCHANGED ? others : (enum verdict) changed[index]);
}

/* IS_LAST: of those that share an architecture. */
static void find_runs(const struct syscall_abi *abi, const struct verdicts *verdicts, const uint8_t *changed,
                      bool is_last, struct runs *ret)
{
    ret->count = 0;
    for (size_t i = 0; i < abi->n_stretches; i++) {
        const struct syscall_stretch *stretch = &abi->stretch[i];
        enum verdict verdict = verdicts->of_class[stretch->class];

        add_run(ret, abi->base + stretch->first, verdict);
        if (verdicts->has_changes && i + 1 < abi->n_stretches)
            add_changed_runs(ret, abi, stretch->first, stretch[1].first, verdict, changed);
    }
    /* A tracer skips a call by making it number -1, and sets the result: with ENOSYS here it would be lost. */
    if (is_last)
        add_run(ret, UINT32_MAX, VERDICT_ALLOW);
}

static size_t emit_abi(struct builder *builder, const struct syscall_abi *abi, const struct verdicts *verdicts,
                       const uint8_t *changed, bool is_last)
{
    struct runs runs;
    struct leaf leaves[COUNT_OF(runs.item)];

    find_runs(abi, verdicts, changed, is_last, &runs);
    return emit_tree(builder, &runs, leaves, find_leaves(&runs, leaves));
}

static void emit_program(struct builder *builder, const struct verdicts *verdicts)
{
    /* What no table is for cannot be judged: a way around the filter must not open with a kernel's new ABI. */
    size_t entry = emit_return(builder, SECCOMP_RET_KILL_PROCESS);
    size_t with_base = 0;

    for (size_t i = n_syscall_abis; i-- > 0;) {
        const struct syscall_abi *abi = &syscall_abis[i];
        bool is_last = i + 1 == n_syscall_abis || syscall_abis[i + 1].base == 0;
        size_t label = emit_abi(builder, abi, verdicts, verdicts->changed[i], is_last);

        if (abi->base != 0) {
            with_base = label;
            continue;
        }
        if (!is_last)
            label = emit_if(builder, BPF_JGE, syscall_abis[i + 1].base, with_base, label);
        label = emit_load(builder, offsetof(struct seccomp_data, nr), label);
        entry = emit_if(builder, BPF_JEQ, abi->architecture, label, entry);
    }
    (void) emit_load(builder, offsetof(struct seccomp_data, arch), entry);
}

static enum verdict verdict_for(const struct seccomp_request *request, uint8_t class)
{
    if (class >= SYSCALL_NEEDS_CAPABILITY)
        return request->capabilities >> (class - SYSCALL_NEEDS_CAPABILITY) & 1 ? VERDICT_ALLOW : VERDICT_EPERM;

    switch ((enum syscall_class) class) {
    case SYSCALL_REFUSED:
        return VERDICT_EPERM;
    case SYSCALL_ALLOWED:
        return VERDICT_ALLOW;
    case SYSCALL_SOCKET:
        return VERDICT_SOCKET;
    case SYSCALL_SOCKETCALL:
        return families_are_restricted(request) ? VERDICT_SOCKETCALL : VERDICT_ALLOW;
    case SYSCALL_SYNC:
        return request->suppress_sync ? VERDICT_SUCCEED : VERDICT_ALLOW;
    case SYSCALL_SYNC_FD:
        return request->suppress_sync ? VERDICT_SUCCEED_FD : VERDICT_ALLOW;
    case SYSCALL_OPEN:
        return request->suppress_sync ? VERDICT_OPEN : VERDICT_ALLOW;
    case SYSCALL_OPENAT:
        return request->suppress_sync ? VERDICT_OPENAT : VERDICT_ALLOW;
    case SYSCALL_UNKNOWN:
    case SYSCALL_NEEDS_CAPABILITY:
        break;
    }
    return VERDICT_ENOSYS;
}

/* What the policy allows already keeps its closer look; what is denied fails as if it were in no list at all. */
static void change_verdict(const struct syscall_abi *abi, const uint8_t *of_class, uint8_t *changed, int32_t number,
                           bool allow)
{
    int index = syscall_index(abi, number);

    if (index < 0)
        return;

    uint8_t class = abi->class[index], verdict = changed[index] == UNCHANGED ? of_class[class] : changed[index];
    if (!allow)
        changed[index] = class == SYSCALL_UNKNOWN ? VERDICT_ENOSYS : VERDICT_EPERM;
    else if (verdict == VERDICT_EPERM || verdict == VERDICT_ENOSYS)
        changed[index] = VERDICT_ALLOW;
}

static void change_verdicts(struct verdicts *verdicts, const struct strings *names, bool allow)
{
    for (size_t i = 0; names && i < names->count; i++)
        for (const struct syscall_name *call = NULL; (call = syscall_next(names->item[i], call));)
            for (size_t abi = 0; abi < n_syscall_abis; abi++)
                change_verdict(&syscall_abis[abi], verdicts->of_class, verdicts->changed[abi], call->number[abi],
                               allow);
}

static void find_verdicts(const struct seccomp_request *request, struct verdicts *ret)
{
    for (unsigned class = 0; class < CLASSES; class++)
        ret->of_class[class] = (uint8_t) verdict_for(request, (uint8_t) class);
    ret->has_changes = (request->allowed && request->allowed->count > 0) ||
                       (request->denied && request->denied->count > 0);
    if (!ret->has_changes)
        return;
    memset(ret->changed, UNCHANGED, sizeof ret->changed);
    change_verdicts(ret, request->allowed, true);
    change_verdicts(ret, request->denied, false);
}

static void reverse(struct sock_filter *code, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct sock_filter swapped = code[i];

        code[i] = code[n - 1 - i];
        code[n - 1 - i] = swapped;
    }
}

int seccomp_build(const struct seccomp_request *request, struct sock_filter *program, size_t max, size_t *ret_n,
                  struct error **err)
{
    struct builder builder = {.code = program, .max = max};
    struct verdicts verdicts;

    find_verdicts(request, &verdicts);
    emit_verdicts(&builder, request);
    emit_program(&builder, &verdicts);
    if (builder.length > max) {
        int r = fail_plain(err, E2BIG, "the system call filter has %zu instructions, more than the %zu that fit",
                           builder.length, max);

        fail_id(*err, "R2701");
        fail_hint(*err, "allow or deny whole groups of system calls instead of many single ones");
        return r;
    }

    reverse(program, builder.length);
    *ret_n = builder.length;
    return 0;
}

int seccomp_apply(const struct sock_filter *program, size_t n, bool log, struct error **err)
{
    const struct sock_fprog loaded = {.len = (unsigned short) n, .filter = (struct sock_filter *) program};

    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, log ? SECCOMP_FILTER_FLAG_LOG : 0, &loaded) == 0)
        return 0;

    int code = errno;
    int r = fail(err, code, "the kernel does not take the system call filter");
    fail_id(*err, "R2702");
    if (code == EACCES)
        fail_hint(*err, "this needs CAP_SYS_ADMIN in the container's user namespace, or no-new-privileges");
    if (code == EINVAL || code == ENOSYS)
        fail_hint(*err, "a kernel without CONFIG_SECCOMP_FILTER runs containers only unfiltered: $SYSTEMD_SECCOMP=0");
    return r;
}
