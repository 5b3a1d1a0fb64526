/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start_named: starting a machine by its name, by the service manager where there is one, else by machine/start.h, and
 * stopping it, whoever started it; for the verbs that do so.
 */
#pragma once

#include "cli/verb.h"
#include "machine/order.h"

/* Refusals in the words of the program that CALL is of. */
int start_check_name(const struct verb_call *call, const char *name, struct error **err);
int start_check_image(const struct verb_call *call, const char *name, struct error **err);

/* Returns when it is ready; one that runs already is success. */
int start_named(const struct verb_call *call, const char *name, struct error **err);

/* Returns when it is gone, in the time of --timeout= or killed behind it; one that does not run is success. */
int stop_named(const struct verb_call *call, const char *name, struct error **err);

/* Adds "run" and the options that a start of the machine NAME by its name has. */
void start_words(struct strings *words, const char *name);

/* NAMES and what they require, in the order in which they have to come. -ELOOP names a cycle. */
int start_order(const struct strings *names, struct order *ret, struct error **err);
