/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bind_user_record: the JSON texts of a bound user, one line each: https://systemd.io/USER_RECORD and GROUP_RECORD. */
#pragma once

#include "runtime/bind_user.h"

/* TEXT as a JSON string with its quotes; NULL when it is not UTF-8. Gives. */
char *json_quote(const char *text);

/* Give. What cannot be told in JSON (a real name or a key that is not UTF-8) is left out. */
char *user_record(const struct bound_user *user, const struct strings *groups);
char *user_privileged_record(const struct bound_user *user);
char *group_record(const struct bound_user *user);
