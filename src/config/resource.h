/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resource: limits in the words of systemd.resource-control(5): "MemoryMax=2G", "CPUQuota=150%". */
#pragma once

#include "base/cgroup_limit.h"
#include "base/error.h"

/* Reads NAME=VALUE. An empty value, and "infinity", take the limit away. -EINVAL names the nearest known one. */
int resource_parse(const char *assignment, struct cgroup_limit *ret, struct error **err);
