/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * elsewhere: -H and -M, a verb that acts on another host or inside of a machine. The same program is called there with
 * the same words, over ssh(1) or by "redd exec"; what it prints and its exit status are ours.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"

/* Becomes the program that goes there; returns only when that failed. HOST is "[USER@]HOST[:PORT][/MACHINE]" or NULL,
 * MACHINE is "[USER@]NAME" or NULL. WORDS: program, options, verb and words. TERMINAL: there is one to be passed on. */
int elsewhere_call(const char *host, const char *machine, const struct strings *words, bool terminal,
                   struct error **err);

/* For the tests: the words that ssh(1) is called with. -EINVAL for what is no host. */
int elsewhere_ssh_words(const char *host, const struct strings *words, bool terminal, struct strings *ret,
                        struct error **err);
