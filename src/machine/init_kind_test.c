/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/init_kind.h"

#include <signal.h>

#include "base/mem.h"
#include "base/test.h"

#define BIT(n) (UINT64_C(1) << ((n) - 1))

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

TESTS(RUN(inits_are_told_apart))
