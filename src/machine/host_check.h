/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host_check: whether a host has what machines need, what it lacks for the finer things, and what helps. Looks, and
 * changes nothing.
 */
#pragma once

#include <stddef.h>

#include "machine/registry.h"

enum check_status { CHECK_OK, CHECK_WARN, CHECK_BAD };

struct check_result {
    const char *name;           /* of the check: stable */
    enum check_status status;
    char *finding;              /* what is so */
    char *remedy;               /* NULL: nothing to mend */
};

struct check_results {
    struct check_result *item;
    size_t count;
};

/* FOLDER is that of images. */
void host_check(const struct registry *registry, const char *folder, struct check_results *ret);
void check_results_done(struct check_results *results);

/* "ok", "warn", "bad" */
const char *check_status_name(enum check_status status);

/* -- for the tests -- */

/* Whether a kernel RELEASE ("6.1.0-18-amd64") is at least MAJOR.MINOR. */
bool check_release_is(const char *release, unsigned major, unsigned minor);
/* The first line of PASSWD whose user id is in FIRST…LAST; gives the name, NULL: none. */
char *check_find_user_in(const char *passwd, uint32_t first, uint32_t last);
