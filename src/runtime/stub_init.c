/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PID 1 for commands that are none. Lives as long as the container and holds nothing: no descriptor, no heap. */
#include "runtime/stub_init.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/kernel.h"
#include "base/mem.h"

#ifdef __SANITIZE_ADDRESS__
#define vfork fork              /* the address sanitizer's own vfork() takes our stack for one of its threads' */
#endif

enum {
    SIGNAL_RTMIN = 34,
    KILLED_STATUS = 255,
    REBOOT_STATUS = 133,        /* what the supervisor itself exits with when its unit is to start it again */
    STOP_TIMEOUT_MS = 10000,
};

enum request { REQUEST_NONE, REQUEST_POWEROFF, REQUEST_REBOOT };

static const struct {
    int number;
    enum request request;
} requests[] = {
    {SIGNAL_RTMIN + 3, REQUEST_POWEROFF},       /* halt */
    {SIGNAL_RTMIN + 4, REQUEST_POWEROFF},
    {SIGNAL_RTMIN + 13, REQUEST_POWEROFF},      /* the same two, at once */
    {SIGNAL_RTMIN + 14, REQUEST_POWEROFF},
    {SIGINT, REQUEST_REBOOT},                   /* Ctrl-Alt-Del */
    {SIGNAL_RTMIN + 5, REQUEST_REBOOT},
    {SIGNAL_RTMIN + 6, REQUEST_REBOOT},         /* kexec: there is no other kernel to go to */
    {SIGNAL_RTMIN + 15, REQUEST_REBOOT},
    {SIGNAL_RTMIN + 16, REQUEST_REBOOT},
};

static enum request request_of(int number)
{
    for (size_t i = 0; i < COUNT_OF(requests); i++)
        if (requests[i].number == number)
            return requests[i].request;
    return REQUEST_NONE;
}

/* Reaps whoever is dead. Returns the number of children left as far as it matters: 0 or 1. Every process of the
 * container is a child or below one, so 0 means that we are alone. *ret_status is set when CHILD was among the dead. */
static int reap(pid_t child, int *ret_status)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        if (pid == 0)
            return 1;
        if (pid < 0)
            return 0;
        if (pid == child)
            *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : KILLED_STATUS;
    }
}

static void wait_until_alone(const sigset_t *all, unsigned timeout_ms)
{
    int64_t deadline = clock_ms() + timeout_ms;
    int ignored;

    while (reap(0, &ignored) > 0) {
        int64_t left = deadline - clock_ms();
        struct timespec timeout = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

        if (left <= 0)
            return;
        (void) sigtimedwait(all, NULL, &timeout);
    }
}

/* Returns only where reboot(2) is not permitted, with the status to exit with instead. */
static int shut_down(enum request request, const sigset_t *all, unsigned timeout_ms)
{
    (void) kill(-1, SIGHUP);            /* shells end at this, and at nothing else */
    (void) kill(-1, SIGTERM);
    (void) kill(-1, SIGCONT);           /* a stopped process hears the others only now */
    wait_until_alone(all, timeout_ms);

    (void) kill(-1, SIGKILL);           /* also reaches those who entered from outside and are not our children */
    wait_until_alone(all, timeout_ms);
    sync();

    (void) reboot(request == REQUEST_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF);
    /* Without CAP_SYS_BOOT: a plain exit is what a power-off looks like anyway. */
    return request == REQUEST_REBOOT ? REBOOT_STATUS : EXIT_SUCCESS;
}

static void set_title(const struct stub_init *stub)
{
    static const char title[] = "(sd-stubinit)";
    size_t n = sizeof title < stub->title_size ? sizeof title : stub->title_size;

    (void) prctl(PR_SET_NAME, title);
    if (n == 0)
        return;
    (void) memset(stub->title, 0, stub->title_size);
    (void) memcpy(stub->title, title, n - 1);
}

_Noreturn static void become_payload(const struct stub_init *stub)
{
    sigset_t none;

    (void) setsid();
    (void) ioctl(STDIN_FILENO, TIOCSCTTY, 0);   /* no terminal in pipe mode: then there is no controlling one */
    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    _exit(stub->exec_payload(stub->data));
}

static int serve(pid_t child, const sigset_t *all, unsigned timeout_ms)
{
    for (;;) {
        int status = -1;
        int number = sigwaitinfo(all, NULL);
        enum request request = request_of(number);

        if (number == SIGCHLD)
            (void) reap(child, &status);
        if (status >= 0)
            return status;
        if (request != REQUEST_NONE)
            return shut_down(request, all, timeout_ms);
    }
}

int stub_init_run(const struct stub_init *stub, int *ret_status, struct error **err)
{
    unsigned timeout_ms = stub->stop_timeout_ms ? stub->stop_timeout_ms : STOP_TIMEOUT_MS;
    sigset_t all;

    /* As anybody else we would signal, and reboot, the host. */
    if (getpid() != 1)
        return fail_plain(err, EINVAL, "the stub init has to be PID 1");

    /* Away from the caller's terminal, where ^C would otherwise reach us and mean a reboot. */
    (void) setsid();

    /* Before the fork, so that no SIGCHLD is missed. Ignored ones too: they would be reaped without us. */
    (void) signal(SIGCHLD, SIG_DFL);
    (void) sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, NULL);

    /* Before the command exists: it may look at once, and is not to see how redd was called on the host. */
    set_title(stub);
    /* vfork: the child works in our memory until it is the command. Copying the page tables would be wasted, and while
     * it works there is nothing for us to do. */
    pid_t child = vfork();
    if (child < 0)
        return fail(err, errno, "cannot fork the command");
    if (child == 0)
        become_payload(stub);

    (void) chdir("/");
    (void) sys_close_range(0, ~0U, 0);
    *ret_status = serve(child, &all, timeout_ms);
    return 0;
}
