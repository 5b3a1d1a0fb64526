/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* settings_list: what the readers of command line and file share. For settings*.c only. */
#pragma once

#include "config/options.h"
#include "config/settings.h"

/* Appends an assignment that counts. VALUE is copied, NULL stays NULL. */
struct assignment *settings_add(struct settings *settings, const struct option_row *row, const char *value,
                                enum origin_kind origin, unsigned line);

/* The parser for an assignment's side: files may have their own syntax. */
option_parse_fn *assignment_parser(const struct assignment *assignment);
