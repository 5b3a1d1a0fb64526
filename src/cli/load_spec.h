/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* load_spec: argv and .nspawn files to a resolved spec; what `redd run` and `redd config` have in common. */
#pragma once

#include "base/error.h"
#include "config/settings.h"
#include "config/spec.h"

/* Fills SETTINGS and SPEC (both zeroed). *ret_action other than ARGV_RUN: nothing more was read. */
int spec_load(int argc, char **argv, struct settings *settings, struct spec *spec, enum argv_action *ret_action,
              struct error **err);
