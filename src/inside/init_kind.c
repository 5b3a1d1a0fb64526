/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Telling inits apart by the name of their program and by the signals they take. What inits do with each is what
 * their manual pages say: systemd(1), busybox(1), init(8) of sysvinit, openrc-init(8), runit-init(8), s6-svscan(1),
 * dinit(8).
 */
#include "inside/init_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/signal_name.h"

enum { HALT = SIGNAL_RTMIN + 3, POWER_OFF = SIGNAL_RTMIN + 4, REBOOT = SIGNAL_RTMIN + 5 };

/* Signals that nobody catches who does not catch everything, as language runtimes do. */
enum { UNUSED_A = SIGNAL_RTMIN + 9, UNUSED_B = SIGNAL_RTMIN + 11 };

static bool takes(uint64_t signals, int number)
{
    return signals >> (number - 1) & 1;
}

/* By name: whose words they are. */
static const struct {
    const char *program;
    enum init_kind kind;
    int power_off, reboot;
} known[] = {
    {"systemd", INIT_SYSTEMD, POWER_OFF, SIGINT},  {"(sd-stubinit)", INIT_STUB, POWER_OFF, SIGINT},
    {"openrc-init", INIT_OPENRC, SIGTERM, SIGINT}, {"runit", INIT_RUNIT, SIGCONT, SIGCONT},
    {"runit-init", INIT_RUNIT, SIGCONT, SIGCONT},  {"s6-svscan", INIT_S6, SIGUSR2, SIGINT},
    {"dinit", INIT_DINIT, SIGTERM, SIGINT},
};

/* By what it listens to, in this order. */
static int judge_signal(uint64_t signals, enum init_wish wish)
{
    static const int power_off[] = {POWER_OFF, HALT, SIGTERM, SIGPWR, SIGINT};
    static const int reboot[] = {REBOOT, SIGINT};
    bool takes_everything = takes(signals, UNUSED_A) && takes(signals, UNUSED_B);
    const int *list = wish == INIT_POWER_OFF ? power_off : reboot;
    size_t n = wish == INIT_POWER_OFF ? COUNT_OF(power_off) : COUNT_OF(reboot);

    for (size_t i = 0; i < n; i++)
        if (takes(signals, list[i]) && !(takes_everything && list[i] >= SIGNAL_RTMIN))
            return list[i];
    return 0;
}

enum init_kind init_judge(const struct init_traits *traits, enum init_wish wish, int *ret_signal)
{
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (string_equal(traits->program, known[i].program) || string_equal(traits->name, known[i].program)) {
            *ret_signal = wish == INIT_POWER_OFF ? known[i].power_off : known[i].reboot;
            return known[i].kind;
        }

    /* a script that busybox runs has busybox for its program too, but listens to other signals */
    bool is_init = string_equal(traits->name, "init") || string_equal(traits->name, "linuxrc");
    if (is_init && string_equal(traits->program, "busybox") &&
        (takes(traits->signals, SIGUSR2) || takes(traits->signals, SIGTSTP))) {
        *ret_signal = wish == INIT_POWER_OFF ? SIGUSR2 : SIGTERM;
        return INIT_BUSYBOX;
    }
    if (is_init && string_equal(traits->program, "init") && takes(traits->signals, SIGPWR) &&
        !takes(traits->signals, POWER_OFF)) {
        *ret_signal = wish == INIT_POWER_OFF ? 0 : SIGINT; /* SIGINT is the three-finger salute of inittab(5) */
        return INIT_SYSV;
    }
    *ret_signal = judge_signal(traits->signals, wish);
    /* the first process of a namespace loses what it does not wait for */
    if (*ret_signal == 0 && traits->waits)
        *ret_signal = wish == INIT_POWER_OFF ? POWER_OFF : SIGINT;
    return *ret_signal ? INIT_SIGNAL : INIT_NONE;
}

/* -- looking at a process -- */

static uint64_t read_mask(const char *status, const char *key)
{
    const char *line = strstr(status, key);

    return line ? strtoull(line + strlen(key), NULL, 16) : 0;
}

static bool is_in_sigwait(pid_t pid)
{
    auto_free char *text = NULL;
    char path[32];

    (void) snprintf(path, sizeof path, "/proc/%d/syscall", (int) pid);
    return file_read_quiet(AT_FDCWD, path, 256, &text) == 0 && atol(text) == SYS_rt_sigtimedwait;
}

static int read_signals(pid_t pid, uint64_t *ret)
{
    auto_free char *text = NULL;
    char path[32];

    (void) snprintf(path, sizeof path, "/proc/%d/status", (int) pid);
    int r = file_read_quiet(AT_FDCWD, path, 16384, &text);
    if (r == 0)
        *ret = read_mask(text, "\nSigCgt:\t") | read_mask(text, "\nSigBlk:\t");
    return r;
}

/* The last component of the program's path, without what the kernel appends to one that was replaced. */
static void read_program(pid_t pid, char ret[static NAME_MAX + 1])
{
    char path[32], target[PATH_MAX];

    (void) snprintf(path, sizeof path, "/proc/%d/exe", (int) pid);
    ssize_t n = readlink(path, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    if (string_ends(target, " (deleted)"))
        target[strlen(target) - strlen(" (deleted)")] = '\0';
    (void) snprintf(ret, NAME_MAX + 1, "%s", path_last(target));
}

static void read_name(pid_t pid, char ret[static 64])
{
    auto_free char *text = NULL;
    char path[32];

    (void) snprintf(path, sizeof path, "/proc/%d/comm", (int) pid);
    if (file_read_quiet(AT_FDCWD, path, 64, &text) == 0)
        text[strcspn(text, "\n")] = '\0';
    (void) snprintf(ret, 64, "%s", text ? text : "");
}

/* -- files that go with signals -- */

static int open_root(pid_t leader)
{
    char path[32];

    (void) snprintf(path, sizeof path, "/proc/%d/root", (int) leader);
    return file_open(path, O_PATH | O_DIRECTORY);
}

/* Writes to the FIFO at PATH in the tree, and to nothing that is none. */
static int write_fifo(int root_fd, const char *path, const void *data, size_t size)
{
    auto_close int fd = path_open_in(root_fd, path, O_PATH, 0);
    char name[32];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
        return -ENOENT;
    auto_close int out = file_open(path_of_fd(name, fd), O_WRONLY | O_NONBLOCK | O_NOCTTY);
    if (out < 0)
        return -errno;
    return write(out, data, size) == (ssize_t) size ? 0 : -EIO;
}

/* What telinit(8) writes: 384 bytes that begin so. */
struct sysv_request {
    int32_t magic, command, runlevel, sleep_time;
    char rest[368];
};

static int ask_sysv(pid_t leader, enum init_wish wish)
{
    static const char *const places[] = {"/run/initctl", "/dev/initctl", "/etc/.initctl"};
    const struct sysv_request request = {
        .magic = 0x03091969, .command = 1, .runlevel = wish == INIT_POWER_OFF ? '0' : '6', .sleep_time = 5};
    auto_close int root_fd = open_root(leader);

    for (size_t i = 0; root_fd >= 0 && i < COUNT_OF(places); i++)
        if (write_fifo(root_fd, places[i], &request, sizeof request) == 0)
            return 0;
    return -ENOENT;
}

/* A file of the machine's, a regular one, with that mode; what its owner put there instead stays as it is. */
static void set_flag(int root_fd, const char *path, mode_t mode)
{
    auto_close int fd = path_open_in(root_fd, path, O_RDONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0600);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        (void) fchmod(fd, mode);
}

/* runit asks two files when SIGCONT comes: whether to stop, and whether to reboot then. */
static void prepare_runit(pid_t leader, enum init_wish wish)
{
    auto_close int root_fd = open_root(leader);

    if (root_fd < 0)
        return;
    set_flag(root_fd, "/etc/runit/reboot", wish == INIT_REBOOT ? 0100 : 0);
    set_flag(root_fd, "/etc/runit/stopit", 0100);
}

enum init_kind init_ask(pid_t leader, int pidfd, enum init_wish wish)
{
    char program[NAME_MAX + 1], name[64];
    struct init_traits traits = {.program = program, .name = name};
    int number;

    read_program(leader, program);
    read_name(leader, name);
    if (read_signals(leader, &traits.signals) < 0)
        return INIT_NONE;
    traits.waits = is_in_sigwait(leader);

    enum init_kind kind = init_judge(&traits, wish, &number);
    if (kind == INIT_SYSV && ask_sysv(leader, wish) == 0)
        return kind;
    if (number != 0 && !takes(traits.signals, number) && !traits.waits)
        return INIT_EARLY;
    if (kind == INIT_RUNIT)
        prepare_runit(leader, wish);
    if (number == 0 || sys_pidfd_send_signal(pidfd, number, NULL, 0) < 0)
        return INIT_NONE;
    return kind;
}

const char *init_kind_name(enum init_kind kind)
{
    static const char *const names[] = {
        [INIT_NONE] = "none",       [INIT_EARLY] = "not up yet", [INIT_SIGNAL] = "a program of its own",
        [INIT_SYSTEMD] = "systemd", [INIT_STUB] = "stub",        [INIT_BUSYBOX] = "busybox",
        [INIT_SYSV] = "sysvinit",   [INIT_OPENRC] = "OpenRC",    [INIT_RUNIT] = "runit",
        [INIT_S6] = "s6",           [INIT_DINIT] = "dinit",
    };

    return names[kind];
}
