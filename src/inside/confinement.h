/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * confinement: what of a spec confines its processes, as one line of text and back.
 *
 * A supervisor writes it into its machine's state, and whoever enters that machine later reads it there: no process
 * that comes in from outside may do more than those that were there before.
 *
 *     cap:fdecafff allow:@raw-io deny:kexec_load limit:7=1024=4096
 */
#pragma once

#include "base/error.h"
#include "config/spec.h"

/* Gives the text. */
char *confinement_format(const struct spec *spec);

/* Into a spec fresh from spec_init(). Words it does not know make it fail with -EPROTONOSUPPORT, since they would
 * confine in a way this program knows nothing of; -EINVAL is for the rest. */
int confinement_parse(const char *text, struct spec *ret, struct error **err);
