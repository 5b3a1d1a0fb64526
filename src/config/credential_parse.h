/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* credential_parse: ID:VALUE and ID:PATH of --set-credential= and --load-credential=. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/spec.h"

/* An id is the name of a file: ASCII, printable, no "/", not "." or "..", 255 characters at most. */
bool credential_id_is_valid(const char *id);

/* Both refuse in the words of their option; *ret, given to the caller, is untouched on failure. */
int credential_parse_set(const char *text, struct credential *ret, struct error **err);
int credential_parse_load(const char *text, struct credential *ret, struct error **err);

void credential_done(struct credential *credential);
