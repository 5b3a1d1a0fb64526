/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start: a machine in the background on hosts without a service manager that would do it: a supervisor in a session of
 * its own, with its console in the machine's log.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "machine/log.h"

/* Set in the environment of a supervisor that nobody watches: the machine's name. It then keeps the log from growing,
 * and writes down how it ends. */
#define BACKGROUND_VARIABLE "REDD_BACKGROUND"

#define START_TIMEOUT_DEFAULT_US UINT64_C(120000000)

struct start_request {
    const char *name;
    const char *program;        /* what runs as the supervisor */
    const struct strings *words;        /* its argv */
    const char *log_top;
    uint64_t timeout_us;        /* until it is ready; UINT64_MAX: for ever */
};

/* Returns when the machine is ready. A start that fails is the error its supervisor had, which is also written down.
 * One that takes too long goes on: -ETIMEDOUT. */
int machine_start(const struct start_request *request, struct error **err);

/* What RUN was, as an error: the supervisor's own, with its code and hint. */
int last_run_fail(const struct last_run *run, struct error **err);
