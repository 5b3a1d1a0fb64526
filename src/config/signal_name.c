/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signal names and numbers of this architecture. */
#include "config/signal_name.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

/* By number, since architectures differ in it. */
static const struct {
    int number;
    const char *name;
} names[] = {
    {SIGHUP, "HUP"},       {SIGINT, "INT"},     {SIGQUIT, "QUIT"}, {SIGILL, "ILL"},   {SIGTRAP, "TRAP"},
    {SIGABRT, "ABRT"},     {SIGBUS, "BUS"},     {SIGFPE, "FPE"},   {SIGKILL, "KILL"}, {SIGUSR1, "USR1"},
    {SIGSEGV, "SEGV"},     {SIGUSR2, "USR2"},   {SIGPIPE, "PIPE"}, {SIGALRM, "ALRM"}, {SIGTERM, "TERM"},
#ifdef SIGSTKFLT
    {SIGSTKFLT, "STKFLT"},
#endif
    {SIGCHLD, "CHLD"},     {SIGCONT, "CONT"},   {SIGSTOP, "STOP"}, {SIGTSTP, "TSTP"}, {SIGTTIN, "TTIN"},
    {SIGTTOU, "TTOU"},     {SIGURG, "URG"},     {SIGXCPU, "XCPU"}, {SIGXFSZ, "XFSZ"}, {SIGVTALRM, "VTALRM"},
    {SIGPROF, "PROF"},     {SIGWINCH, "WINCH"}, {SIGIO, "IO"},     {SIGPWR, "PWR"},   {SIGSYS, "SYS"},
};

static int real_time_parse(const char *text, int *ret)
{
    const char *rest = string_after(text, "RTMIN");
    int base = SIGNAL_RTMIN, sign = 1;
    uint32_t offset = 0;

    if (!rest) {
        rest = string_after(text, "RTMAX");
        base = SIGNAL_RTMAX;
        sign = -1;
    }
    if (!rest)
        return -EINVAL;
    if (*rest && (*rest != (sign > 0 ? '+' : '-') || parse_u32(rest + 1, &offset) < 0))
        return -EINVAL;
    if (offset > SIGNAL_RTMAX - SIGNAL_RTMIN)
        return -EINVAL;
    *ret = base + sign * (int) offset;
    return 0;
}

int signal_parse(const char *text, int *ret)
{
    const char *name = string_after(text, "SIG");
    int32_t number;

    if (parse_i32(text, &number) == 0) {
        if (number < 1 || number > SIGNAL_RTMAX)
            return -EINVAL;
        *ret = number;
        return 0;
    }
    if (!name)
        name = text;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(name, names[i].name) == 0) {
            *ret = names[i].number;
            return 0;
        }
    return real_time_parse(name, ret);
}

const char *signal_name(int number, char *buffer)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (names[i].number == number)
            return names[i].name;
    if (number < SIGNAL_RTMIN || number > SIGNAL_RTMAX)
        (void) snprintf(buffer, 32, "%d", number);
    else
        (void) snprintf(buffer, 32, "RTMIN+%d", number - SIGNAL_RTMIN);
    return buffer;
}

const char *signal_value(size_t index, char *buffer)
{
    if (index < COUNT_OF(names))
        return names[index].name;
    index -= COUNT_OF(names);
    return index <= SIGNAL_RTMAX - SIGNAL_RTMIN ? signal_name(SIGNAL_RTMIN + (int) index, buffer) : NULL;
}
