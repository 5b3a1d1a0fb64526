/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_policy: the grammar of --image-policy=, PARTITION=FLAG[+FLAG…][:…], "*", "-" or "~". */
#pragma once

#include "base/error.h"

/* Refuses in the words of the option. What the policy means for an image is decided where images are opened. */
int image_policy_check(const char *text, struct error **err);
