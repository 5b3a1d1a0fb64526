/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verb_option_table: the options of the verbs, a row each, and what they set. For their reader, verb_options.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/verb_options.h"

typedef int verb_option_fn(struct verb_options *options, const char *value, struct error **err);

struct verb_option {
    const char *name;           /* NULL: only a letter */
    char letter;
    const char *argument;       /* its name in the help; NULL: a switch */
    unsigned programs;
    bool general;               /* every verb of redd's takes it */
    verb_option_fn *set;
    const char *help;
};

extern const struct verb_option verb_option_table[];
enum { VERB_OPTION_MAX = 80 };        /* rows */
extern const size_t verb_option_count;

/* PROGRAM takes it; redd does with some verbs alone: with VERB, or where that is NULL with any. In verb_options.c. */
bool verb_option_is_for(const struct verb_option *row, enum program program, const struct verb *verb);
