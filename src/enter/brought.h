/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * brought: redd itself as a program in a machine that has none for what is wanted: its small shell (cli/small_shell.h).
 */
#pragma once

#include "base/error.h"

struct entry;

/* The word that redd is called by then, argv[0]. */
#define BROUGHT_SHELL "-redd-shell"

/* Makes ENTRY run it, as session.find_shell. Its program_fd is the caller's to close. */
int brought_shell(struct entry *entry, struct error **err);
