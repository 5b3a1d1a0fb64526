/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remarks on stderr, one write() each, so that lines of several processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* How much is said is a property of the whole process, not of any object in it. */
static enum log_level log_level_max = LOG_LEVEL_INFO;

static void log_line(enum log_level level, const char *fmt, va_list list) __attribute__((format(printf, 2, 0)));

void log_set_level(enum log_level level)
{
    log_level_max = level;
}

void log_set_level_from_environment(void)
{
    static const struct {
        const char *name;
        enum log_level level;
    } names[] = {
        {"emerg", LOG_LEVEL_ERROR}, {"alert", LOG_LEVEL_ERROR},     {"crit", LOG_LEVEL_ERROR},
        {"err", LOG_LEVEL_ERROR},   {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
        {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},
    };
    const char *wanted = getenv("REDD_LOG_LEVEL");

    if (!wanted)
        wanted = getenv("SYSTEMD_LOG_LEVEL");
    for (size_t i = 0; wanted && i < COUNT_OF(names); i++)
        if (strcmp(wanted, names[i].name) == 0)
            log_level_max = names[i].level;
}

static void log_line(enum log_level level, const char *fmt, va_list list)
{
    char line[4096];

    if (level > log_level_max)
        return;

    int n = vsnprintf(line, sizeof line - 1, fmt, list);
    if (n < 0)
        return;

    size_t length = (size_t) n < sizeof line - 1 ? (size_t) n : sizeof line - 2;
    line[length++] = '\n';
    (void) !write(STDERR_FILENO, line, length);
}

#define DEFINE_LOG(name, level) \
    void name(const char *fmt, ...) \
    { \
        va_list list; \
\
        va_start(list, fmt); \
        log_line(level, fmt, list); \
        va_end(list); \
    }

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
