/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watchdog: tells the service manager now and then that the supervisor is alive, where its unit has a WatchdogSec=
 * (sd_watchdog_enabled(3)). A supervisor that hangs is ended by it then.
 */
#pragma once

struct run;

void watchdog_start(struct run *run);
void watchdog_done(struct run *run);
