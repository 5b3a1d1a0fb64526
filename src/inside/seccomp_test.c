/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What options make of the filter, asked call by call in each ABI of the machine, and the shape of the program. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/net.h>
#include <linux/netlink.h>

#include "base/mem.h"
#include "config/spec.h"
#include "inside/seccomp_fixture.h"

#include "base/test.h"

#ifndef CAP_BPF
#define CAP_BPF 39
#endif

#define SUCCEEDS ERRNO_VERDICT(0)
#define REFUSED ERRNO_VERDICT(EPERM)
#define UNKNOWN ERRNO_VERDICT(ENOSYS)
#define NO_FAMILY ERRNO_VERDICT(EAFNOSUPPORT)

static const struct seccomp_request plain_request = {.capabilities = CAPABILITIES_DEFAULT};

static void build(struct seccomp_request request, struct filter *ret)
{
    struct error *error = NULL;

    if (seccomp_build(&request, ret->program, COUNT_OF(ret->program), &ret->length, &error) < 0)
        fail_msg("%s", error_text(error));
    assert_true(bpf_is_valid(ret->program, ret->length));
}

/* The default capabilities and these lists, words parted by blanks; NULL: none. */
static void build_with_names(const char *allowed, const char *denied, struct filter *ret)
{
    CLEANUP(strings_done) struct strings allow = {0}, deny = {0};
    struct seccomp_request request = plain_request;

    strings_split(&allow, allowed ? allowed : "", " ");
    strings_split(&deny, denied ? denied : "", " ");
    request.allowed = &allow;
    request.denied = &deny;
    build(request, ret);
}

/* Checks what FILTER says of NAMES (calls and groups, parted by blanks) with these arguments, in every ABI that has
 * them; some must. */
static void expect_with(const struct filter *filter, const char *names, const uint64_t *arguments, uint32_t action)
{
    CLEANUP(strings_done) struct strings list = {0};

    strings_split(&list, names, " ");
    for (size_t i = 0; i < list.count; i++) {
        unsigned found = 0;

        for (const struct syscall_name *call = NULL; (call = syscall_next(list.item[i], call));)
            for (size_t abi = 0; abi < n_syscall_abis; abi++) {
                if (call->number[abi] < 0)
                    continue;
                uint32_t got = filter_judge(filter, &syscall_abis[abi], (uint32_t) call->number[abi], arguments).action;

                if (got != action)
                    fail_msg("%s on %s: %#x, not %#x", call->name, syscall_abis[abi].name, got, action);
                found++;
            }
        if (found == 0)
            fail_msg("nothing here is called %s", list.item[i]);
    }
}

static void expect(const struct filter *filter, const char *names, uint32_t action)
{
    expect_with(filter, names, NULL, action);
}

/* FILTER's verdict on the call is OTHER's, except for NAMES. */
static void expect_only_difference(const struct filter *filter, const struct filter *other, const char *names)
{
    CLEANUP(strings_done) struct strings list = {0};

    strings_split(&list, names, " ");
    for (size_t abi = 0; abi < n_syscall_abis; abi++)
        for (uint32_t number = 0; number < syscall_end(&syscall_abis[abi]) + 10; number++) {
            bool listed = false;

            for (size_t i = 0; i < list.count; i++)
                for (const struct syscall_name *call = NULL; (call = syscall_next(list.item[i], call));)
                    listed = listed || call->number[abi] == (int) number;

            bool differs = filter_judge(filter, &syscall_abis[abi], number, NULL).action !=
                           filter_judge(other, &syscall_abis[abi], number, NULL).action;
            if (differs != listed)
                fail_msg("%s call %u %s", syscall_abis[abi].name, number, differs ? "changed" : "did not change");
        }
}

/* -- capabilities -- */

TEST(each_capability_brings_its_calls_and_no_others)
{
    static const struct {
        int capability;
        const char *calls;
    } table[] = {
        {CAP_SYS_BOOT, "reboot"},
        {CAP_SYS_PTRACE, "ptrace"},
        {CAP_SYS_TTY_CONFIG, "vhangup"},
        {CAP_SYS_TIME, "adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday"},
        {CAP_IPC_LOCK, "mlock mlock2 mlockall munlock munlockall"},
        {CAP_SYS_MODULE, "init_module finit_module delete_module"},
#if defined __x86_64__
        {CAP_SYS_RAWIO, "iopl ioperm"},
#endif
        {CAP_SYSLOG, "syslog"},
        {CAP_SYS_PACCT, "acct"},
        {CAP_BPF, "bpf"},
        {CAP_SYS_ADMIN, ""},
        {CAP_NET_ADMIN, ""},
    };
    struct filter none, with;

    build((struct seccomp_request) {.capabilities = 0}, &none);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        build((struct seccomp_request) {.capabilities = UINT64_C(1) << table[i].capability}, &with);
        /* not every name exists here: clock_settime64 is of 32-bit machines alone */
        expect_only_difference(&with, &none, table[i].calls);
    }
    expect(&none, "reboot ptrace vhangup @clock @memlock @module syslog acct bpf", REFUSED);
}

TEST(the_default_capabilities_bring_reboot_ptrace_and_vhangup)
{
    struct filter filter;

    build(plain_request, &filter);
    expect(&filter, "reboot ptrace vhangup", SECCOMP_RET_ALLOW);
    expect(&filter, "@clock @memlock @module @swap syslog acct bpf", REFUSED);
}

/* -- --system-call-filter= -- */

TEST(names_and_groups_are_allowed_on_top_of_the_policy)
{
    struct filter plain, filter;

    build(plain_request, &plain);
    build_with_names("bpf @swap mlock", NULL, &filter);
    expect(&filter, "bpf @swap mlock", SECCOMP_RET_ALLOW);
    expect(&filter, "mlock2 kexec_load", REFUSED);
    expect_only_difference(&filter, &plain, "bpf swapon swapoff mlock");
}

TEST(names_and_groups_are_denied)
{
    struct filter plain, filter;

    build(plain_request, &plain);
    build_with_names(NULL, "@mount mkdirat", &filter);
    expect(&filter, "@mount mkdirat chroot move_mount", REFUSED);
    expect_only_difference(&filter, &plain, "@mount mkdirat");
}

TEST(denying_wins_over_allowing_whatever_allows)
{
    struct filter filter;
    CLEANUP(strings_done) struct strings deny = {0};

    build_with_names("@clock bpf swapon chown", "bpf @clock @chown", &filter);
    expect(&filter, "bpf @clock @chown", REFUSED);
    expect(&filter, "swapon", SECCOMP_RET_ALLOW);

    strings_add(&deny, "@clock");
    build((struct seccomp_request) {.capabilities = CAPABILITIES_ALL, .denied = &deny}, &filter);
    expect(&filter, "@clock", REFUSED);
    expect(&filter, "@memlock", SECCOMP_RET_ALLOW);
}

TEST(what_is_allowed_twice_is_allowed_and_what_is_denied_twice_is_denied)
{
    struct filter filter;

    build_with_names("bpf bpf @privileged", "fchmodat fchmodat @file-system", &filter);
    expect(&filter, "bpf quotactl fanotify_init", SECCOMP_RET_ALLOW);
    expect(&filter, "fchmodat mkdirat openat", REFUSED);
}

TEST(unknown_names_change_nothing)
{
    struct filter plain, filter;

    build(plain_request, &plain);
    build_with_names("@nonsense no_such_call BPF @ ~bpf bpf:EACCES", "@nonsense no_such_call MKDIR @", &filter);
    assert_int_equal(filter.length, plain.length);
    assert_memory_equal(filter.program, plain.program, plain.length * sizeof *plain.program);
}

TEST(names_are_known_in_every_architecture_and_only_as_they_are_spelled)
{
    assert_true(seccomp_name_is_known("openat"));
    assert_true(seccomp_name_is_known("s390_pci_mmio_read"));
    assert_true(seccomp_name_is_known("nfsservctl"));
    assert_true(seccomp_name_is_known("rseq_slice_yield"));
    assert_true(seccomp_name_is_known("_llseek"));          /* the first of all */
    assert_true(seccomp_name_is_known("writev"));           /* the last */
    assert_true(seccomp_name_is_known("@privileged"));
    assert_true(seccomp_name_is_known("@timer"));
    assert_false(seccomp_name_is_known("@nonsense"));
    assert_false(seccomp_name_is_known("@openat"));
    assert_false(seccomp_name_is_known("privileged"));
    assert_false(seccomp_name_is_known("Openat"));
    assert_false(seccomp_name_is_known("opena"));
    assert_false(seccomp_name_is_known("openat3"));
    assert_false(seccomp_name_is_known("@"));
    assert_false(seccomp_name_is_known(""));
}

TEST(a_call_outside_the_known_ones_does_not_exist_unless_allowed)
{
    struct filter filter;

    build(plain_request, &filter);
#if defined __x86_64__ || defined __aarch64__
    expect(&filter, "nfsservctl", UNKNOWN);
    build_with_names(NULL, "nfsservctl", &filter);
    expect(&filter, "nfsservctl", UNKNOWN);
    build_with_names("nfsservctl", NULL, &filter);
    expect(&filter, "nfsservctl", SECCOMP_RET_ALLOW);
#endif
    build_with_names("@known", NULL, &filter);
    expect(&filter, "@known", SECCOMP_RET_ALLOW);
}

/* -- sockets -- */

static void expect_socket(const struct filter *filter, uint64_t family, uint64_t protocol, uint32_t action)
{
    expect_with(filter, "socket", (uint64_t[6]) {family, SOCK_RAW, protocol}, action);
}

TEST(the_audit_system_is_absent)
{
    struct filter filter;

    build((struct seccomp_request) {.capabilities = CAPABILITIES_ALL}, &filter);
    expect_socket(&filter, AF_NETLINK, NETLINK_AUDIT, NO_FAMILY);
    expect_socket(&filter, AF_NETLINK, NETLINK_ROUTE, SECCOMP_RET_ALLOW);
    expect_socket(&filter, AF_INET, NETLINK_AUDIT, SECCOMP_RET_ALLOW);
    expect(&filter, "@network-io", SECCOMP_RET_ALLOW);
}

TEST(the_upper_halves_of_arguments_do_not_hide_the_audit_system)
{
    struct filter filter;

    build(plain_request, &filter);
    expect_socket(&filter, UINT64_C(0x100000000) + AF_NETLINK, UINT64_C(0xffffffff00000000) + NETLINK_AUDIT, NO_FAMILY);
}

TEST(allowing_sockets_by_name_does_not_uncover_the_audit_system)
{
    struct filter filter;

    build_with_names("socket @network-io", NULL, &filter);
    expect_socket(&filter, AF_NETLINK, NETLINK_AUDIT, NO_FAMILY);
    build_with_names(NULL, "socket", &filter);
    expect_socket(&filter, AF_NETLINK, NETLINK_AUDIT, REFUSED);
    expect_socket(&filter, AF_UNIX, 0, REFUSED);
}

static void build_with_families(bool deny, const int *families, size_t n, struct filter *ret)
{
    struct seccomp_request request = plain_request;

    request.families_given = true;
    request.families_deny = deny;
    request.families = families;
    request.n_families = n;
    build(request, ret);
}

TEST(only_listed_families_work)
{
    struct filter filter;

    build_with_families(false, (int[]) {AF_INET, AF_UNIX}, 2, &filter);
    expect_socket(&filter, AF_UNIX, 0, SECCOMP_RET_ALLOW);
    expect_socket(&filter, AF_INET, 0, SECCOMP_RET_ALLOW);
    for (uint64_t family = 0; family < 100; family++)
        if (family != AF_INET && family != AF_UNIX)
            expect_socket(&filter, family, 0, NO_FAMILY);
    expect_socket(&filter, UINT32_MAX, 0, NO_FAMILY);
    /* the kernel takes an int */
    expect_socket(&filter, UINT64_C(0x100000000) + AF_PACKET, 0, NO_FAMILY);
    expect_socket(&filter, UINT64_C(0x100000000) + AF_INET, 0, SECCOMP_RET_ALLOW);
    expect(&filter, "socketpair bind connect", SECCOMP_RET_ALLOW);
}

TEST(netlink_among_the_families_still_has_no_audit)
{
    struct filter filter;

    build_with_families(false, (int[]) {AF_NETLINK, AF_INET}, 2, &filter);
    expect_socket(&filter, AF_NETLINK, NETLINK_ROUTE, SECCOMP_RET_ALLOW);
    expect_socket(&filter, AF_NETLINK, NETLINK_AUDIT, NO_FAMILY);
    expect_socket(&filter, AF_UNIX, 0, NO_FAMILY);
}

TEST(listed_families_are_denied_and_others_work)
{
    struct filter filter;

    build_with_families(true, (int[]) {AF_PACKET, AF_VSOCK}, 2, &filter);
    expect_socket(&filter, AF_PACKET, 0, NO_FAMILY);
    expect_socket(&filter, AF_VSOCK, 0, NO_FAMILY);
    expect_socket(&filter, AF_INET, 0, SECCOMP_RET_ALLOW);
    expect_socket(&filter, AF_NETLINK, NETLINK_ROUTE, SECCOMP_RET_ALLOW);
    expect_socket(&filter, AF_NETLINK, NETLINK_AUDIT, NO_FAMILY);

    build_with_families(true, (int[]) {AF_NETLINK}, 1, &filter);
    expect_socket(&filter, AF_NETLINK, NETLINK_ROUTE, NO_FAMILY);
}

TEST(an_empty_list_of_families_refuses_all_and_its_opposite_none)
{
    struct filter filter;

    build_with_families(false, NULL, 0, &filter);
    for (uint64_t family = 0; family < 50; family++)
        expect_socket(&filter, family, 0, NO_FAMILY);
    build_with_families(true, NULL, 0, &filter);
    for (uint64_t family = 0; family < 50; family++)
        expect_socket(&filter, family, 0, SECCOMP_RET_ALLOW);
}

TEST(many_families_fit_whatever_the_distance)
{
    int families[600];
    struct filter filter;

    for (int i = 0; i < 600; i++)
        families[i] = 100 + i;
    build_with_families(false, families, 600, &filter);
    expect_socket(&filter, 99, 0, NO_FAMILY);
    expect_socket(&filter, 100, 0, SECCOMP_RET_ALLOW);
    expect_socket(&filter, 400, 0, SECCOMP_RET_ALLOW);
    expect_socket(&filter, 699, 0, SECCOMP_RET_ALLOW);
    expect_socket(&filter, 700, 0, NO_FAMILY);
}

#if defined __x86_64__ || defined __i386__
TEST(restricted_families_cannot_be_had_by_the_old_way_of_32_bit_programs)
{
    struct filter filter;

    build_with_families(false, (int[]) {AF_INET}, 1, &filter);
    expect_with(&filter, "socketcall", (uint64_t[6]) {SYS_SOCKET}, NO_FAMILY);
    expect_with(&filter, "socketcall", (uint64_t[6]) {SYS_CONNECT}, SECCOMP_RET_ALLOW);
    expect_with(&filter, "socketcall", (uint64_t[6]) {SYS_SOCKETPAIR}, SECCOMP_RET_ALLOW);

    build_with_families(true, NULL, 0, &filter);
    expect_with(&filter, "socketcall", (uint64_t[6]) {SYS_SOCKET}, SECCOMP_RET_ALLOW);
    build(plain_request, &filter);
    expect_with(&filter, "socketcall", (uint64_t[6]) {SYS_SOCKET}, SECCOMP_RET_ALLOW);
    build_with_names(NULL, "socketcall", &filter);
    expect_with(&filter, "socketcall", (uint64_t[6]) {SYS_CONNECT}, REFUSED);
}
#endif

/* -- --suppress-sync= -- */

TEST(suppressed_calls_succeed_and_synchronous_opening_is_invalid)
{
    struct filter plain, filter;
    struct seccomp_request request = plain_request;

    request.suppress_sync = true;
    build(plain_request, &plain);
    build(request, &filter);
    expect_only_difference(&filter, &plain, "sync syncfs fsync fdatasync msync sync_file_range sync_file_range2");
    expect(&filter, "@sync", SUCCEEDS);
    expect_with(&filter, "@sync", (uint64_t[6]) {INT32_MAX}, SUCCEEDS);
    expect_with(&filter, "fsync fdatasync syncfs", (uint64_t[6]) {UINT32_MAX}, SECCOMP_RET_ALLOW);
    expect_with(&filter, "fsync fdatasync syncfs", (uint64_t[6]) {UINT64_MAX}, SECCOMP_RET_ALLOW);
    expect_with(&filter, "sync msync", (uint64_t[6]) {UINT64_MAX}, SUCCEEDS);

    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "openat" : "open";
        uint64_t arguments[6] = {0}, *flags = &arguments[i == 0 ? 2 : 1];

        if (syscall_next(name, NULL)->number[0] < 0)
            continue;
        *flags = O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY;
        expect_with(&filter, name, arguments, SECCOMP_RET_ALLOW);
        *flags = O_WRONLY | O_DSYNC;
        expect_with(&filter, name, arguments, ERRNO_VERDICT(EINVAL));
        *flags = UINT64_C(0xffffffff00000000) | O_SYNC;
        expect_with(&filter, name, arguments, ERRNO_VERDICT(EINVAL));
        expect_with(&plain, name, arguments, SECCOMP_RET_ALLOW);
    }
    expect_with(&filter, "openat2", (uint64_t[6]) {O_SYNC, O_SYNC, O_SYNC, O_SYNC}, SECCOMP_RET_ALLOW);
}

TEST(denying_wins_over_suppressing)
{
    CLEANUP(strings_done) struct strings deny = {0}, allow = {0};
    struct seccomp_request request = plain_request;
    struct filter filter;

    strings_add(&deny, "fsync");
    strings_add(&deny, "openat");
    strings_add(&allow, "@sync");
    request.suppress_sync = true;
    request.denied = &deny;
    request.allowed = &allow;
    build(request, &filter);
    expect(&filter, "fsync", REFUSED);
    expect_with(&filter, "openat", (uint64_t[6]) {0, 0, O_SYNC}, REFUSED);
    expect(&filter, "fdatasync syncfs", SUCCEEDS);
}

/* -- the program -- */

TEST(foreign_architectures_are_killed)
{
    static const uint32_t others[] = {0, 1, AUDIT_ARCH_S390X, AUDIT_ARCH_PPC64, AUDIT_ARCH_MIPS, UINT32_MAX};
    struct filter filter;

    build(plain_request, &filter);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        for (int number = 0; number < 500; number++)
            assert_int_equal(bpf_run(filter.program, &(struct seccomp_data) {.arch = others[i], .nr = number}).action,
                             SECCOMP_RET_KILL_PROCESS);
}

TEST(a_call_that_a_tracer_skips_keeps_the_tracers_result)
{
    struct filter filter;

    build(plain_request, &filter);
    for (size_t i = 0; i < n_syscall_abis; i++) {
        const struct seccomp_data data = {.arch = syscall_abis[i].architecture, .nr = -1};

        assert_int_equal(bpf_run(filter.program, &data).action, SECCOMP_RET_ALLOW);
    }
}

TEST(numbers_far_outside_the_tables_do_not_exist)
{
    static const int numbers[] = {0x3fffffff, 0x7ffffffe, INT32_MIN, -2, 0xeffff, 0xf00ff, 0x40000000 + 9999};
    struct filter filter;

    build(plain_request, &filter);
    for (size_t i = 0; i < n_syscall_abis; i++)
        for (size_t j = 0; j < COUNT_OF(numbers); j++) {
            const struct seccomp_data data = {.arch = syscall_abis[i].architecture, .nr = numbers[j]};

            assert_int_equal(bpf_run(filter.program, &data).action, UNKNOWN);
        }
}

TEST(allowed_calls_can_be_judged_once_and_for_all)
{
    static const char *const with_arguments[] = {"socket", "openat",    "open",            "fsync",
                                                 "syncfs", "fdatasync", "sync_file_range", "sync_file_range2"};
    struct seccomp_request request = plain_request;
    struct filter filter;

    request.suppress_sync = true;
    build(request, &filter);
    for (size_t abi = 0; abi < n_syscall_abis; abi++)
        for (uint32_t number = 0; number < syscall_end(&syscall_abis[abi]); number++) {
            bool expected = true;

            for (size_t i = 0; i < COUNT_OF(with_arguments); i++)
                if (syscall_next(with_arguments[i], NULL)->number[abi] == (int) number)
                    expected = false;
            assert_int_equal(filter_judge(&filter, &syscall_abis[abi], number, NULL).by_number_alone, expected);
        }
}

TEST(the_way_to_a_verdict_is_short_and_the_program_small)
{
    struct filter filter;

    build(plain_request, &filter);
    assert_true(filter.length <= 20 + 100 * n_syscall_abis);
    for (size_t abi = 0; abi < n_syscall_abis; abi++) {
        uint32_t end = syscall_end(&syscall_abis[abi]);
        size_t sum = 0;

        for (uint32_t number = 0; number < end; number++) {
            size_t steps = filter_judge(&filter, &syscall_abis[abi], number, NULL).steps;

            assert_true(steps <= 18);
            sum += steps;
        }
        /* what loading it takes: the kernel goes all ways once */
        assert_true(sum <= (size_t) 12 * end);
    }
}

TEST(what_the_build_made_is_what_would_be_made_now)
{
    const uint64_t others[] = {0, CAPABILITIES_DEFAULT & ~(UINT64_C(1) << CAP_SYS_BOOT), CAPABILITIES_ALL};
    int family = AF_UNIX;
    struct seccomp_request request = plain_request;
    struct filter filter;
    size_t n = 0;

    build(request, &filter);
    const struct sock_filter *ready = seccomp_ready(&request, &n);
    assert_non_null(ready);
    assert_int_equal(n, filter.length);
    assert_memory_equal(ready, filter.program, n * sizeof *ready);

    /* it decides about no call */
    request.capabilities |= UINT64_C(1) << CAP_NET_ADMIN;
    build(request, &filter);
    assert_ptr_equal(seccomp_ready(&request, &n), ready);
    assert_int_equal(n, filter.length);
    assert_memory_equal(ready, filter.program, n * sizeof *ready);

    for (size_t i = 0; i < COUNT_OF(others); i++) {
        request.capabilities = others[i];
        assert_null(seccomp_ready(&request, &n));
    }
    request = plain_request;
    request.suppress_sync = true;
    assert_null(seccomp_ready(&request, &n));
    request = plain_request;
    request.families_given = true;
    request.families = &family;
    request.n_families = 1;
    assert_null(seccomp_ready(&request, &n));

    CLEANUP(strings_done) struct strings names = {0};
    strings_add(&names, "kexec_load");
    request = plain_request;
    request.allowed = &names;
    assert_null(seccomp_ready(&request, &n));
    request = plain_request;
    request.denied = &names;
    assert_null(seccomp_ready(&request, &n));
}

/* Every second call denied: the greatest number of runs, and jumps over everything. */
TEST(the_most_scattered_list_fits_and_means_what_it_says)
{
    CLEANUP(strings_done) struct strings allow = {0}, deny = {0};
    struct seccomp_request request = plain_request;
    struct filter filter;
    unsigned i = 0;

    for (const struct syscall_name *call = NULL; (call = syscall_next("@known", call));)
        strings_add(i++ % 2 ? &allow : &deny, call->name);
    request.allowed = &allow;
    request.denied = &deny;
    request.suppress_sync = true;
    build(request, &filter);
    for (i = 0; i < deny.count; i++)
        if (syscall_next(deny.item[i], NULL)->number[0] >= 0)
            expect(&filter, deny.item[i], REFUSED);
    for (i = 0; i < allow.count; i++) {
        const struct syscall_name *call = syscall_next(allow.item[i], NULL);

        for (size_t abi = 0; abi < n_syscall_abis; abi++) {
            uint32_t number = (uint32_t) call->number[abi];

            if (call->number[abi] >= 0)
                assert_int_not_equal(filter_judge(&filter, &syscall_abis[abi], number, NULL).action, REFUSED);
        }
    }
    assert_true(filter.length < BPF_MAXINSNS / 2);
}

TEST(a_program_that_does_not_fit_is_an_error_and_nothing_is_written_past_the_end)
{
    struct filter whole;
    size_t length = 4711;

    build(plain_request, &whole);
    for (size_t max = 0; max < whole.length; max += max < 20 ? 1 : 37) {
        auto_free struct sock_filter *program = mem_alloc((max + 1) * sizeof *program);

        program[max].k = 0xdeadbeef;
        EXPECT_FAIL(seccomp_build(&plain_request, program, max, &length, ERR), E2BIG, "more than the ");
        EXPECT_HINT("whole groups");
        assert_int_equal(program[max].k, 0xdeadbeef);
        assert_int_equal(length, 4711);
    }

    struct filter exact = {0};
    EXPECT_OK(seccomp_build(&plain_request, exact.program, whole.length, &exact.length, ERR));
    assert_int_equal(exact.length, whole.length);
    assert_memory_equal(exact.program, whole.program, whole.length * sizeof *whole.program);
}

/* clang-format off */
TESTS(RUN(each_capability_brings_its_calls_and_no_others),
      RUN(what_the_build_made_is_what_would_be_made_now),
      RUN(the_default_capabilities_bring_reboot_ptrace_and_vhangup),
      RUN(names_and_groups_are_allowed_on_top_of_the_policy),
      RUN(names_and_groups_are_denied),
      RUN(denying_wins_over_allowing_whatever_allows),
      RUN(what_is_allowed_twice_is_allowed_and_what_is_denied_twice_is_denied),
      RUN(unknown_names_change_nothing),
      RUN(names_are_known_in_every_architecture_and_only_as_they_are_spelled),
      RUN(a_call_outside_the_known_ones_does_not_exist_unless_allowed),
      RUN(the_audit_system_is_absent),
      RUN(the_upper_halves_of_arguments_do_not_hide_the_audit_system),
      RUN(allowing_sockets_by_name_does_not_uncover_the_audit_system),
      RUN(only_listed_families_work),
      RUN(netlink_among_the_families_still_has_no_audit),
      RUN(listed_families_are_denied_and_others_work),
      RUN(an_empty_list_of_families_refuses_all_and_its_opposite_none),
      RUN(many_families_fit_whatever_the_distance),
#if defined __x86_64__ || defined __i386__
      RUN(restricted_families_cannot_be_had_by_the_old_way_of_32_bit_programs),
#endif
      RUN(suppressed_calls_succeed_and_synchronous_opening_is_invalid),
      RUN(denying_wins_over_suppressing),
      RUN(foreign_architectures_are_killed),
      RUN(a_call_that_a_tracer_skips_keeps_the_tracers_result),
      RUN(numbers_far_outside_the_tables_do_not_exist),
      RUN(allowed_calls_can_be_judged_once_and_for_all),
      RUN(the_way_to_a_verdict_is_short_and_the_program_small),
      RUN(the_most_scattered_list_fits_and_means_what_it_says),
      RUN(a_program_that_does_not_fit_is_an_error_and_nothing_is_written_past_the_end))
/* clang-format on */
