/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter without options, against three accounts of what it should say: the generated tables, number by number; a
 * program that libseccomp compiles from the groups' text; and the list of what is refused, written out.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/audit.h>

#include <seccomp.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "config/spec.h"
#include "inside/seccomp_fixture.h"

#include "base/test.h"

static void build(uint64_t capabilities, struct filter *ret)
{
    const struct seccomp_request request = {.capabilities = capabilities};
    struct error *error = NULL;

    if (seccomp_build(&request, ret->program, COUNT_OF(ret->program), &ret->length, &error) < 0)
        fail_msg("%s", error_text(error));
    assert_true(bpf_is_valid(ret->program, ret->length));
}

static uint32_t class_verdict(uint8_t class, uint64_t capabilities)
{
    if (class == SYSCALL_UNKNOWN)
        return ERRNO_VERDICT(ENOSYS);
    return class_is_allowed(class, capabilities) ? SECCOMP_RET_ALLOW : ERRNO_VERDICT(EPERM);
}

static void compare_with_classes(uint64_t capabilities)
{
    struct filter filter;

    build(capabilities, &filter);
    for (const struct syscall_abi *abi = syscall_abis; abi < syscall_abis + n_syscall_abis; abi++)
        for (uint32_t number = 0; number < syscall_end(abi) + 1000; number++) {
            int index = syscall_index(abi, (int32_t) number);
            uint32_t expected = class_verdict(index < 0 ? SYSCALL_UNKNOWN : abi->class[index], capabilities);
            uint32_t action = filter_judge(&filter, abi, number, NULL).action;

            if (action != expected)
                fail_msg("%s call %u: %#x, not %#x", abi->name, number, action, expected);
        }
}

TEST(every_number_of_every_abi_gets_the_verdict_of_its_class)
{
    compare_with_classes(CAPABILITIES_DEFAULT);
    compare_with_classes(CAPABILITIES_ALL);
    compare_with_classes(0);
    for (unsigned capability = 0; capability < 64; capability++)
        compare_with_classes(UINT64_C(1) << capability);
}

/* -- libseccomp's opinion -- */

/* The words of data/syscall-groups.txt in which group NAME is described, after those of the groups it names. */
static void read_group(const struct strings *words, const char *name, struct strings *ret)
{
    size_t at = 0;

    while (at < words->count && !(words->item[at][0] == '\n' && string_equal(words->item[at] + 1, name)))
        at++;
    if (at == words->count)
        fail_msg("the text has no group %s", name);
    for (at++; at < words->count && words->item[at][0] != '\n'; at++) {
        if (words->item[at][0] == '@')
            read_group(words, words->item[at], ret);
        else
            strings_add(ret, words->item[at]);
    }
}

/* All words of the text; one at the start of a line has a newline in front. */
static void read_words(struct strings *ret)
{
    auto_error struct error *error = NULL;
    auto_free char *text = NULL;
    CLEANUP(strings_done) struct strings lines = {0};

    if (file_read_at(AT_FDCWD, SYSCALL_GROUPS, 1 << 20, &text, NULL, &error) < 0)
        fail_msg("%s", error_text(error));
    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        if (lines.item[i][0] == '@')
            strings_add_format(ret, "\n%s", lines.item[i]);
        else if (lines.item[i][0] == ' ')
            strings_split(ret, lines.item[i], " ");
    }
}

/* What a container with the default capabilities may call. */
static const char *const allowed_by_default[] = {
    "@aio", "@basic-io", "@chown", "@default", "@file-system", "@io-event", "@ipc", "@keyring", "@mount", "@network-io",
    "@process", "@resources", "@sandbox", "@setuid", "@signal", "@sync", "@timer", "arm_fadvise64_64", "cachestat",
    "capset", "copy_file_range", "fadvise64", "fadvise64_64", "flock", "get_mempolicy", "getcpu", "getpriority",
    "ioctl", "ioprio_get", "kcmp", "madvise", "mincore", "mremap", "name_to_handle_at", "oldolduname", "olduname",
    "personality", "ptrace", "readahead", "readdir", "reboot", "remap_file_pages", "sched_get_priority_max",
    "sched_get_priority_min", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
    "sched_rr_get_interval_time64", "sendfile", "sendfile64", "setdomainname", "setfsgid", "setfsgid32", "setfsuid",
    "setfsuid32", "sethostname", "setpgid", "setsid", "splice", "sysinfo", "tee", "umask", "uname", "userfaultfd",
    "vhangup", "vmsplice",
};

static void add_rules(scmp_filter_ctx context, const struct strings *names, const struct strings *except,
                      uint32_t action)
{
    for (size_t i = 0; i < names->count; i++) {
        int number = seccomp_syscall_resolve_name(names->item[i]);

        if (number == __NR_SCMP_ERROR || (except && strings_contain(except, names->item[i])))
            continue;
        int r = seccomp_rule_add(context, action, number, 0);
        if (r < 0 && r != -EDOM && r != -EEXIST)
            fail_msg("libseccomp takes no rule for %s: %s", names->item[i], strerror(-r));
    }
}

static void compile_with_libseccomp(uint32_t token, struct filter *ret)
{
    CLEANUP(strings_done) struct strings words = {0}, known = {0}, allowed = {0};
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    auto_close int fd = memfd_create("filter", MFD_CLOEXEC);

    read_words(&words);
    read_group(&words, "@known", &known);
    for (size_t i = 0; i < COUNT_OF(allowed_by_default); i++) {
        if (allowed_by_default[i][0] == '@')
            read_group(&words, allowed_by_default[i], &allowed);
        else
            strings_add(&allowed, allowed_by_default[i]);
    }

    assert_non_null(context);
    if (token != seccomp_arch_native())
        assert_int_equal(seccomp_arch_add(context, token) | seccomp_arch_remove(context, seccomp_arch_native()), 0);
    add_rules(context, &allowed, NULL, SCMP_ACT_ALLOW);
    add_rules(context, &known, &allowed, SCMP_ACT_ERRNO(EPERM));
    assert_int_equal(seccomp_export_bpf(context, fd), 0);
    seccomp_release(context);

    ssize_t size = pread(fd, ret->program, sizeof ret->program, 0);
    assert_true(size > 0);
    ret->length = (size_t) size / sizeof *ret->program;
    assert_true(bpf_is_valid(ret->program, ret->length));
}

static uint32_t libseccomp_token(const struct syscall_abi *abi)
{
    if (abi->architecture == AUDIT_ARCH_X86_64 && abi->base != 0)
        return SCMP_ARCH_X32;
    return abi->architecture;   /* libseccomp's tokens are the kernel's otherwise */
}

TEST(libseccomp_compiles_the_same_verdicts_from_the_groups)
{
    struct filter ours, theirs;

    build(CAPABILITIES_DEFAULT, &ours);
    for (const struct syscall_abi *abi = syscall_abis; abi < syscall_abis + n_syscall_abis; abi++) {
        uint32_t token = libseccomp_token(abi);
        unsigned compared = 0;

        compile_with_libseccomp(token, &theirs);
        for (uint32_t number = 0; number < syscall_end(abi); number++) {
            auto_free char *name = seccomp_syscall_resolve_num_arch(token, (int) (number + abi->base));
            uint32_t our_action = filter_judge(&ours, abi, number, NULL).action;
            uint32_t their_action = filter_judge(&theirs, abi, number, NULL).action;

            /* the groups have the kernel's other name for it, which libseccomp does not know */
            if (!name || string_equal(name, "arm_sync_file_range"))
                continue;
            if (our_action != their_action)
                fail_msg("%s on %s: %#x, and %#x by libseccomp", name, abi->name, our_action, their_action);
            compared++;
        }
        assert_true(compared > 250);
    }
}

/* -- the lists, written out -- */

#if defined __x86_64__
static const int refused_on_x86_64[] = {
    103 /* syslog */, 134 /* uselib */, 136 /* ustat */, 139 /* sysfs */, 149 /* mlock */, 150 /* munlock */,
    151 /* mlockall */, 152 /* munlockall */, 154 /* modify_ldt */, 156 /* _sysctl */, 159 /* adjtimex */,
    163 /* acct */, 164 /* settimeofday */, 167 /* swapon */, 168 /* swapoff */, 172 /* iopl */, 173 /* ioperm */,
    174 /* create_module */, 175 /* init_module */, 176 /* delete_module */, 177 /* get_kernel_syms */,
    178 /* query_module */, 179 /* quotactl */, 181 /* getpmsg */, 182 /* putpmsg */, 183 /* afs_syscall */,
    184 /* tuxcall */, 185 /* security */, 212 /* lookup_dcookie */, 227 /* clock_settime */, 236 /* vserver */,
    246 /* kexec_load */, 298 /* perf_event_open */, 300 /* fanotify_init */, 301 /* fanotify_mark */,
    304 /* open_by_handle_at */, 305 /* clock_adjtime */, 313 /* finit_module */, 320 /* kexec_file_load */,
    321 /* bpf */, 325 /* mlock2 */, 329 /* pkey_mprotect */, 330 /* pkey_alloc */, 331 /* pkey_free */,
    336 /* uprobe */, 438 /* pidfd_getfd */, 443 /* quotactl_fd */, 447 /* memfd_secret */,
    448 /* process_mrelease */, 453 /* map_shadow_stack */, 454 /* futex_wake */, 455 /* futex_wait */,
    456 /* futex_requeue */, 460 /* lsm_set_self_attr */, 470 /* listns */, 471 /* rseq_slice_yield */,
};
static const int refused_with_all_capabilities[] = {
    134, 136, 139, 154, 156, 167, 168, 174, 177, 178, 179, 181, 182, 183, 184, 185, 212, 236, 246, 298, 300, 301, 304,
    320, 329, 330, 331, 336, 438, 443, 447, 448, 453, 454, 455, 456, 460, 470, 471,
};
static const int refused_on_x86[] = {
    17 /* break */, 25 /* stime */, 31 /* stty */, 32 /* gtty */, 35 /* ftime */, 44 /* prof */, 51 /* acct */,
    53 /* lock */, 56 /* mpx */, 58 /* ulimit */, 62 /* ustat */, 68 /* sgetmask */, 69 /* ssetmask */,
    79 /* settimeofday */, 86 /* uselib */, 87 /* swapon */, 98 /* profil */, 101 /* ioperm */, 103 /* syslog */,
    110 /* iopl */, 112 /* idle */, 113 /* vm86old */, 115 /* swapoff */, 123 /* modify_ldt */, 124 /* adjtimex */,
    127 /* create_module */, 128 /* init_module */, 129 /* delete_module */, 130 /* get_kernel_syms */,
    131 /* quotactl */, 134 /* bdflush */, 135 /* sysfs */, 137 /* afs_syscall */, 149 /* _sysctl */, 150 /* mlock */,
    151 /* munlock */, 152 /* mlockall */, 153 /* munlockall */, 166 /* vm86 */, 167 /* query_module */,
    188 /* getpmsg */, 189 /* putpmsg */, 253 /* lookup_dcookie */, 264 /* clock_settime */, 273 /* vserver */,
    283 /* kexec_load */, 336 /* perf_event_open */, 338 /* fanotify_init */, 339 /* fanotify_mark */,
    342 /* open_by_handle_at */, 343 /* clock_adjtime */, 350 /* finit_module */, 357 /* bpf */, 376 /* mlock2 */,
    380 /* pkey_mprotect */, 381 /* pkey_alloc */, 382 /* pkey_free */, 404 /* clock_settime64 */,
    405 /* clock_adjtime64 */, 438 /* pidfd_getfd */, 443 /* quotactl_fd */, 447 /* memfd_secret */,
    448 /* process_mrelease */, 453 /* map_shadow_stack */, 454 /* futex_wake */, 455 /* futex_wait */,
    456 /* futex_requeue */, 460 /* lsm_set_self_attr */, 470 /* listns */, 471 /* rseq_slice_yield */,
};
/* x86-64's, but for those that x32 does not have, and kexec_load, which has a number of its own there */
static const int refused_on_x32[] = {
    103, 136, 139, 149, 150, 151, 152, 154, 159, 163, 164, 167, 168, 172, 173, 175, 176, 179, 181, 182, 183, 184, 185,
    212, 227, 298, 300, 301, 304, 305, 313, 320, 321, 325, 329, 330, 331, 336, 438, 443, 447, 448, 453, 454, 455, 456,
    460, 470, 471, 528,
};

static void expect_refused(uint64_t capabilities, const char *abi_name, const int *refused, size_t n_refused)
{
    const struct syscall_abi *abi = syscall_abis;
    struct filter filter;
    size_t found = 0;

    while (!string_equal(abi->name, abi_name))
        assert_true(++abi < syscall_abis + n_syscall_abis);
    build(capabilities, &filter);
    for (uint32_t number = 0; number < 2000; number++) {
        bool is_refused = filter_judge(&filter, abi, number, NULL).action == ERRNO_VERDICT(EPERM);
        bool should_be = found < n_refused && refused[found] == (int) number;

        if (is_refused != should_be)
            fail_msg("%s call %u is %s", abi_name, number, is_refused ? "refused" : "not refused");
        found += should_be;
    }
    assert_int_equal(found, n_refused);
}

TEST(what_is_refused_by_default_is_exactly_the_list)
{
    expect_refused(CAPABILITIES_DEFAULT, "x86-64", refused_on_x86_64, COUNT_OF(refused_on_x86_64));
    expect_refused(CAPABILITIES_DEFAULT, "x86", refused_on_x86, COUNT_OF(refused_on_x86));
    expect_refused(CAPABILITIES_DEFAULT, "x32", refused_on_x32, COUNT_OF(refused_on_x32));
}

TEST(all_capabilities_do_not_open_what_reaches_beyond_the_container)
{
    expect_refused(CAPABILITIES_ALL, "x86-64", refused_with_all_capabilities, COUNT_OF(refused_with_all_capabilities));
}

TEST(numbers_without_a_call_do_not_exist)
{
    struct filter filter;

    build(CAPABILITIES_DEFAULT, &filter);
    for (uint32_t number = 0; number < 2000; number++) {
        bool missing = filter_judge(&filter, &syscall_abis[0], number, NULL).action == ERRNO_VERDICT(ENOSYS);

        /* nfsservctl, the gap before the common numbers, and what is newer than the groups */
        assert_int_equal(missing, number == 180 || (number >= 337 && number <= 423) || number >= 472);
    }
}
#endif

TESTS(RUN(every_number_of_every_abi_gets_the_verdict_of_its_class),
#if defined __x86_64__
      RUN(what_is_refused_by_default_is_exactly_the_list),
      RUN(all_capabilities_do_not_open_what_reaches_beyond_the_container), RUN(numbers_without_a_call_do_not_exist),
#endif
      RUN(libseccomp_compiles_the_same_verdicts_from_the_groups))
