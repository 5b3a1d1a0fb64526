/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* integrate: what the payload's set-up asks of the integration modules (integrate.c). */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct run;
struct user;

/* --uid= may name a user of --bind-user, who is in no file of the tree. */
bool integration_find_user(const struct run *run, int root_fd, const char *name, struct user *ret);

/* The text of the resolv.conf that a container with a network of its own gets; no matter where it wants none. */
int integration_write_resolv_conf(const struct run *run, const char *text, struct error **err);
