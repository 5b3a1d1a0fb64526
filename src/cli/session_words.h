/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session_words: what exec, shell and login have in common on the command line. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"

struct verb_call;
struct verb_options;

/* Owned. */
struct session_words {
    char *machine;              /* NULL: the host */
    char *user;                 /* NULL: nothing was said */
};

/* "USER@NAME", "NAME" or "USER@" (on the host), TEXT may be NULL; --uid counts where there is no user in it. */
void session_words_read(const char *text, const char *uid, struct session_words *ret);
void session_words_done(struct session_words *words);

/* The variables of -E, and those of the caller's terminal in front of them. */
void session_environment(const struct verb_options *options, bool has_terminal, struct strings *ret);

int fail_no_command(const struct verb_call *call, struct error **err);
