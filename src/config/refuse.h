/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * refuse: how the option rows word what they do not accept.
 *
 * The parser of a noun (bind, range, port) says what is wrong with the text: "'data' is not an absolute path". On the
 * command line that comes as the hint of the sentence callers of systemd-nspawn know and look for; for a line of a
 * file the reason alone is used.
 */
#pragma once

#include "base/error.h"

/* Makes *ERR, which holds the reason or nothing, the refusal SENTENCE (taken; from mem_format()) with code ID, its
 * reason as the hint. A reason that has an id is a whole refusal already and stays as it is. Returns the negative
 * errno. */
int refuse(struct error **err, const char *id, char *sentence);

/* What to say of a refused value where the option's name is known to the reader: the hint, else the sentence. */
const char *refusal_reason(const struct error *err);
