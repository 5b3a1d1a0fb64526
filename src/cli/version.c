/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --version prints. The first line has the form that callers of the tools we stand in for look for. */
#include <stdio.h>

#include "cli/json.h"
#include "cli/verb.h"

#define COMPATIBLE_WITH "262"

#define FEATURES "+SECCOMP +ACL +IDMAP +CGROUP2 +CGROUP1 -SELINUX -APPARMOR -LIBCRYPTSETUP"

void print_version(void)
{
    (void) printf("systemd " COMPATIBLE_WITH " (redd " REDD_VERSION ")\n" FEATURES "\n");
}

void print_version_json(enum json_style style)
{
    struct json json = {.style = style};

    json_object(&json, NULL);
    json_string(&json, "version", REDD_VERSION);
    json_string(&json, "compatible_with", COMPATIBLE_WITH);
    json_string(&json, "features", FEATURES);
    json_end(&json);
    json_finish(&json);
}
