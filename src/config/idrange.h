/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* idrange: a range of host user ids for a user namespace, "BASE" or "BASE:COUNT". */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Refuses in the words of --private-users=: what is no id, the ids that mean "none", and ranges that reach them. */
int idrange_parse(const char *text, uint32_t *ret_base, uint32_t *ret_size, struct error **err);
