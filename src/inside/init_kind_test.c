/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/init_kind.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/test.h"

#define BIT(n) (UINT64_C(1) << ((n) -1))

TEST(inits_are_told_apart)
{
    static const struct {
        struct init_traits traits;
        enum init_kind kind;
        int power_off, reboot;
    } cases[] = {
        {{"systemd", "systemd", ~UINT64_C(0)}, INIT_SYSTEMD, 38, SIGINT},
        {{"redd", "(sd-stubinit)", ~UINT64_C(0)}, INIT_STUB, 38, SIGINT},
        {{"busybox", "init", BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGTERM)}, INIT_BUSYBOX, SIGUSR2, SIGTERM},
        {{"busybox", "init", BIT(SIGTSTP), true}, INIT_BUSYBOX, SIGUSR2, SIGTERM},
        {{"tiny", "init", 0, true}, INIT_SIGNAL, 38, SIGINT},
        {{"busybox", "init", BIT(37) | BIT(38) | BIT(39) | BIT(SIGINT)}, INIT_SIGNAL, 38, 39},
        {{"init", "init", BIT(SIGPWR) | BIT(SIGINT) | BIT(SIGHUP)}, INIT_SYSV, 0, SIGINT},
        {{"runit", "runit", BIT(SIGCONT) | BIT(SIGINT)}, INIT_RUNIT, SIGCONT, SIGCONT},
        {{"s6-svscan", "s6-svscan", 0}, INIT_S6, SIGUSR2, SIGINT},
        {{"openrc-init", "init", 0}, INIT_OPENRC, SIGTERM, SIGINT},
        {{"python3", "python3", BIT(SIGINT)}, INIT_SIGNAL, SIGINT, SIGINT},
        {{"nginx", "nginx", BIT(SIGTERM) | BIT(SIGINT)}, INIT_SIGNAL, SIGTERM, SIGINT},
        /* a Go program catches everything and means nothing by it */
        {{"server", "server", ~UINT64_C(0)}, INIT_SIGNAL, SIGTERM, SIGINT},
        {{"sleep", "sleep", 0}, INIT_NONE, 0, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int number;

        EXPECT_INT(init_judge(&cases[i].traits, INIT_POWER_OFF, &number), cases[i].kind);
        EXPECT_INT(number, cases[i].power_off);
        (void) init_judge(&cases[i].traits, INIT_REBOOT, &number);
        EXPECT_INT(number, cases[i].reboot);
    }
}

static void hear(int number)
{
    (void) number;
    _exit(0);
}

/* Named as an init is; listens from the first byte on CONTROL_FD on, and ends with 0 when it was asked to. */
static void act_as_init(int control_fd, int ready_fd)
{
    char byte;

    (void) prctl(PR_SET_NAME, "systemd");
    if (write(ready_fd, "r", 1) != 1 || read(control_fd, &byte, 1) != 1)
        _exit(1);
    (void) sigaction(38, &(struct sigaction){.sa_handler = hear}, NULL);
    if (write(ready_fd, "l", 1) != 1)
        _exit(1);
    (void) alarm(20);
    for (;;)
        (void) pause();
}

TEST(an_init_that_does_not_listen_yet_is_not_asked)
{
    int control[2], ready[2], status;
    char byte;

    EXPECT_INT(pipe(control), 0);
    EXPECT_INT(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0)
        act_as_init(control[0], ready[1]);
    auto_close int pidfd = sys_pidfd_open(pid, 0);

    EXPECT_INT(read(ready[0], &byte, 1), 1);
    EXPECT_INT(init_ask(pid, pidfd, INIT_POWER_OFF), INIT_EARLY);
    EXPECT_INT(write(control[1], "g", 1), 1);
    EXPECT_INT(read(ready[0], &byte, 1), 1);
    EXPECT_INT(init_ask(pid, pidfd, INIT_POWER_OFF), INIT_SYSTEMD);
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT_INT(status, 0);
    for (size_t i = 0; i < 2; i++) {
        (void) close(control[i]);
        (void) close(ready[i]);
    }
}

TESTS(RUN(inits_are_told_apart), RUN(an_init_that_does_not_listen_yet_is_not_asked))
