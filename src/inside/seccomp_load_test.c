/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter in a live process: a child loads it and makes calls whose failure tells who refused them, the filter or
 * the kernel behind it. The child reports one byte a call: the errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config/spec.h"
#include "inside/seccomp.h"

#include "base/test.h"

enum { MAX_CALLS = 16 };

/* What a child does under the filter: makes calls and writes down each one's errno, 0 for success. */
typedef size_t calls_fn(uint8_t *result);

static uint8_t errno_of(long result)
{
    return result < 0 ? (uint8_t) errno : 0;
}

static void child_main(const struct seccomp_request *request, calls_fn *make_calls, int result_fd)
{
    struct sock_filter program[BPF_MAXINSNS];
    uint8_t result[MAX_CALLS];
    struct error *err = NULL;
    size_t n;

    /* anyone may load a filter then */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        _exit(2);
    if (request && (seccomp_build(request, program, COUNT_OF(program), &n, &err) < 0 ||
                    seccomp_apply(program, n, false, &err) < 0))
        _exit(3);
    n = make_calls(result);
    _exit(fd_write_full(result_fd, result, n) < 0 ? 4 : 0);
}

/* Runs MAKE_CALLS in a child, under the filter of REQUEST or none. Returns what waitpid() says of it. */
static int run(const struct seccomp_request *request, calls_fn *make_calls, uint8_t *ret_result)
{
    int fds[2], status;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child_main(request, make_calls, fds[1]);
    (void) close(fds[1]);

    (void) memset(ret_result, 0xff, MAX_CALLS);
    assert_true(fd_read_full(fds[0], ret_result, MAX_CALLS) >= 0);
    (void) close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static const struct seccomp_request plain = {.capabilities = CAPABILITIES_DEFAULT};

/* Of these the kernel itself refuses none with EPERM, whoever asks. */
static size_t make_ordinary_calls(uint8_t *result)
{
    int pipe_fd[2];
    size_t n = 0;

    result[n++] = errno_of(pipe2(pipe_fd, O_CLOEXEC));
    result[n++] = errno_of(fsync(pipe_fd[0]));
    result[n++] = errno_of(fsync(-1));
    result[n++] = errno_of(syscall(SYS_pkey_alloc, ~0ul, ~0ul));
    result[n++] = errno_of(syscall(SYS_mlock, 1ul, ~0ul));
    result[n++] = errno_of(syscall(9999));
    result[n++] = errno_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT + 1000));
    result[n++] = errno_of(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_SYNC));
    return n;
}

TEST(the_filter_refuses_and_lets_through_in_a_live_process)
{
    static const uint8_t expected[] = {0, EINVAL, EBADF, EPERM, EPERM, ENOSYS, EPROTONOSUPPORT, 0};
    uint8_t result[MAX_CALLS];

    /* without it, or the test would pass with a filter that does nothing */
    assert_int_equal(run(NULL, make_ordinary_calls, result), 0);
    assert_true(result[3] != EPERM && result[4] != EPERM);

    assert_int_equal(run(&plain, make_ordinary_calls, result), 0);
    assert_memory_equal(result, expected, sizeof expected);
}

TEST(suppressed_calls_succeed_in_a_live_process)
{
    static const uint8_t expected[] = {0, 0, EBADF, EPERM, EPERM, ENOSYS, EPROTONOSUPPORT, EINVAL};
    const struct seccomp_request request = {.capabilities = CAPABILITIES_DEFAULT, .suppress_sync = true};
    uint8_t result[MAX_CALLS];

    assert_int_equal(run(&request, make_ordinary_calls, result), 0);
    assert_memory_equal(result, expected, sizeof expected);
}

static size_t make_sockets(uint8_t *result)
{
    int pair[2];
    size_t n = 0;

    result[n++] = errno_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT));
    result[n++] = errno_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    result[n++] = errno_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    result[n++] = errno_of(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    return n;
}

TEST(sockets_are_filtered_in_a_live_process)
{
    static const uint8_t by_default[] = {EAFNOSUPPORT, 0, 0, 0};
    static const uint8_t without[] = {EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT, 0};
    const struct seccomp_request none = {.capabilities = CAPABILITIES_DEFAULT, .families_given = true};
    uint8_t result[MAX_CALLS];

    assert_int_equal(run(&plain, make_sockets, result), 0);
    assert_memory_equal(result, by_default, sizeof by_default);
    assert_int_equal(run(&none, make_sockets, result), 0);
    assert_memory_equal(result, without, sizeof without);
}

#if defined __x86_64__
static uint8_t call_as_x86(long number, long first, long second)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(first), "c"(second)
                     : "memory", "r8", "r9", "r10", "r11");

    int code = -(int) result;
    return code > 0 && code < 4096 ? (uint8_t) code : 0;
}

static size_t make_x86_calls(uint8_t *result)
{
    result[0] = call_as_x86(64 /* getppid */, 0, 0);
    result[1] = call_as_x86(118 /* fsync */, -1, 0);
    result[2] = call_as_x86(381 /* pkey_alloc */, -1, -1);
    result[3] = call_as_x86(999, 0, 0);
    return 4;
}

TEST(calls_of_32_bit_programs_are_filtered_by_their_own_numbers)
{
    static const uint8_t expected[] = {0, EBADF, EPERM, ENOSYS};
    uint8_t result[MAX_CALLS];

    if (WIFSIGNALED(run(NULL, make_x86_calls, result)))
        SKIP_TEST("the kernel runs no 32-bit programs");
    assert_int_not_equal(result[2], EPERM);
    assert_int_equal(run(&plain, make_x86_calls, result), 0);
    assert_memory_equal(result, expected, sizeof expected);
}

static size_t make_x32_calls(uint8_t *result)
{
    result[0] = errno_of(syscall(0x40000000 + 330 /* pkey_alloc */, -1, -1));
    result[1] = errno_of(syscall(0x40000000 + 9999));
    return 2;
}

/* Also where the kernel has no x32: the filter is asked first. */
TEST(calls_of_x32_programs_are_filtered)
{
    static const uint8_t expected[] = {EPERM, ENOSYS};
    uint8_t result[MAX_CALLS];

    assert_int_equal(run(NULL, make_x32_calls, result), 0);
    assert_int_not_equal(result[0], EPERM);
    assert_int_equal(run(&plain, make_x32_calls, result), 0);
    assert_memory_equal(result, expected, sizeof expected);
}
#endif

static size_t execute_true(uint8_t *result)
{
    *result = errno_of(execl("/bin/true", "true", NULL));
    return 1;
}

TEST(a_program_runs_under_the_filter)
{
    uint8_t result[MAX_CALLS];

    if (access("/bin/true", X_OK) < 0)
        SKIP_TEST("there is no /bin/true");
    assert_int_equal(run(&plain, execute_true, result), 0);
    assert_int_equal(result[0], 0xff);          /* exec() does not return */
}

/* The child's error crosses to the parent as its text. */
static void expect_load_failure(const struct sock_filter *program, size_t n, bool privileged, int code,
                                const char *hint)
{
    struct error *err = NULL;
    char text[1024] = "";
    int fds[2], status;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (privileged && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
            _exit(2);
        if (!privileged && geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
            _exit(2);
        int r = seccomp_apply(program, n, true, &err);
        const char *said = err && error_hint(err) ? error_hint(err) : "nothing";
        _exit(r != -code || fd_write_full(fds[1], said, strlen(said)) < 0);
    }
    (void) close(fds[1]);
    assert_true(fd_read_full(fds[0], text, sizeof text - 1) >= 0);
    (void) close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    if (!strstr(text, hint))
        fail_msg("the hint is '%s', not '%s'", text, hint);
}

TEST(without_privilege_the_filter_is_refused_with_a_hint)
{
    static const struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

    expect_load_failure(allow, 1, false, EACCES, "no-new-privileges");
}

TEST(what_the_kernel_calls_no_program_is_refused_with_a_hint)
{
    static const struct sock_filter endless[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};

    expect_load_failure(endless, 1, true, EINVAL, "SYSTEMD_SECCOMP=0");
    expect_load_failure(endless, 0, true, EINVAL, "SYSTEMD_SECCOMP=0");
}

/* clang-format off */
TESTS(RUN(the_filter_refuses_and_lets_through_in_a_live_process),
      RUN(suppressed_calls_succeed_in_a_live_process),
      RUN(sockets_are_filtered_in_a_live_process),
#if defined __x86_64__
      RUN(calls_of_32_bit_programs_are_filtered_by_their_own_numbers),
      RUN(calls_of_x32_programs_are_filtered),
#endif
      RUN(a_program_runs_under_the_filter),
      RUN(without_privilege_the_filter_is_refused_with_a_hint),
      RUN(what_the_kernel_calls_no_program_is_refused_with_a_hint))
/* clang-format on */
