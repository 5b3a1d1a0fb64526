/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report: how a failure looks to the person at the terminal. */
#pragma once

#include "base/error.h"

/* Prints "PROGRAM: sentence" and "hint: remedy" to stderr; returns EXIT_FAILURE. */
int report(const char *program, const struct error *err);
