/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* personality: execution domains of personality(2) by the name of an architecture. */
#pragma once

/* The native architecture and its 32-bit companion are known; -EINVAL for others. */
int personality_parse(const char *text, unsigned long *ret);
/* NULL for what has no name here. */
const char *personality_name(unsigned long value);
/* "x86-64, x86": for remarks. */
const char *personality_list(void);
