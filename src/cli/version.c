/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --version prints. The first line has the form that callers of the tools we stand in for look for. */
#include <stdio.h>

#include "cli/verb.h"

#define COMPATIBLE_WITH "262"

void print_version(void)
{
    (void) printf("systemd " COMPATIBLE_WITH " (redd " REDD_VERSION ")\n"
                  "+SECCOMP +ACL +IDMAP +CGROUP2 +CGROUP1 -SELINUX -APPARMOR -LIBCRYPTSETUP\n");
}
