/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log: remarks for the person at the terminal, on stderr. Libraries never print results; they may log.
 * Not between clone and exec. Level from $SYSTEMD_LOG_LEVEL / $REDD_LOG_LEVEL (err, warning, notice, info, debug).
 */
#pragma once

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* The one mutable global of the program: how much is said. */
void log_set_level(enum log_level level);
void log_set_level_from_environment(void);

/* One line each, "text\n", no prefix; formatted in a fixed buffer of 4 KiB, without stdio. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
