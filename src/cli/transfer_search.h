/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* transfer_search: the verb search of redd-transfer. */
#pragma once

#include "base/error.h"

struct job;
struct request;

/* Prints the images that a server knows by name. */
int verb_search(struct job *job, const struct request *request, struct error **err);
