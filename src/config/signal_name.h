/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * signal_name: names of signals. Real-time signals are counted as the kernel does, RTMIN being 34 as nearly every
 * container's libc sees it; the library this program is built with may differ.
 */
#pragma once

#include <stddef.h>

#define SIGNAL_RTMIN 34
#define SIGNAL_RTMAX 64

/* "SIGTERM", "TERM", "RTMIN+3", "SIGRTMAX-1", or a number from 1 to 64; capitals only. -EINVAL. */
int signal_parse(const char *text, int *ret);

/* "TERM", "RTMIN+3", "32" for a number nobody named. BUFFER holds 32 bytes. */
const char *signal_name(int number, char *buffer);

const char *signal_value(size_t index, char *buffer);       /* option_value_fn */
