/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transfer_show: what a job says, for the person at the terminal, on standard error: its lines, and its progress as a
 * bar with speed and time left, or where there is no terminal as a line now and then. With --json= each message is an
 * object on standard output instead.
 */
#pragma once

#include "base/error.h"
#include "transfer/request.h"

enum { SHOW_LEFT = 0, SHOW_ENDED = 1 };

/* Until the job's end (SHOW_ENDED, or its error), or until the user leaves (SHOW_LEFT). */
int show_job(const struct request *request, int fd, struct error **err);
