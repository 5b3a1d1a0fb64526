/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kept_limits: what `redd set` was told and is to hold at the next start, too: a line NAME=VALUE for each limit in
 * /etc/redd/limits/MACHINE. They count after those of the machine's settings.
 */
#pragma once

#include "base/error.h"
#include "base/strings.h"

#define KEPT_LIMITS_FOLDER "/etc/redd/limits"

/* None where nothing is kept. */
int kept_limits_read(const char *folder, const char *machine, struct strings *ret, struct error **err);

/* Puts ASSIGNMENTS among those that are kept, in place of earlier ones of the same names. "NAME=" takes one out. */
int kept_limits_change(const char *folder, const char *machine, const struct strings *assignments, struct error **err);
