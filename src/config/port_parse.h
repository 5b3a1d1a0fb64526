/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* port_parse: [tcp|udp:]HOSTPORT[:CONTAINERPORT], one port forward. */
#pragma once

#include "base/error.h"
#include "config/spec.h"

/* -EINVAL or -ERANGE with the reason; tcp and the host's port are the defaults. */
int port_parse(const char *text, struct port_forward *ret, struct error **err);
