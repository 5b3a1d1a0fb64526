/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modes: the words of options that take one of a few, and back (the x_mode_name() of spec.h).
 * Each list is in the order in which "help" prints it and is indexed by its enum.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "config/spec.h"

/* The value of one of the enums; -EINVAL with the known words as the reason. */
int volatile_mode_parse(const char *text, enum volatile_mode *ret, struct error **err);
int ownership_mode_parse(const char *text, enum ownership_mode *ret, struct error **err);
int console_mode_parse(const char *text, enum console_mode *ret, struct error **err);
int timezone_mode_parse(const char *text, enum timezone_mode *ret, struct error **err);
int journal_mode_parse(const char *text, enum journal_mode *ret, struct error **err);
int resolv_mode_parse(const char *text, enum resolv_method *ret_method, enum resolv_source *ret_source,
                      struct error **err);
int settings_mode_parse(const char *text, enum settings_mode *ret, struct error **err);

/* For options.h: option_value_fn. */
const char *volatile_mode_value(size_t index, char *buffer);
const char *ownership_mode_value(size_t index, char *buffer);
const char *console_mode_value(size_t index, char *buffer);
const char *timezone_mode_value(size_t index, char *buffer);
const char *resolv_mode_value(size_t index, char *buffer);

const char *settings_mode_name(enum settings_mode mode);
