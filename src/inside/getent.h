/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * getent: asks getent(1) for accounts that are in no file (LDAP, systemd-homed, records in /run/host/userdb …).
 *
 * The program that runs is the one of the file tree the caller is in: on the host it is trusted; in a container it may
 * be anything, so there it runs as nobody, in a process namespace that ends with it, without a way to gain privileges.
 */
#pragma once

#include "base/error.h"

/* How a getent that is not trusted is confined. */
struct getent_guard {
    /* Called in the new process as the last thing before exec, as nobody: loads the system call filter. A negative
     * result ends the process. May be NULL. Must not allocate. */
    int (*confine)(void *data);
    void *data;
    int timeout_ms;             /* 0: ten seconds */
};

/* Runs "getent DATABASE KEY" and gives what it prints. KEY must not start with '-'. GUARD is NULL for the host's own.
 * 0 or a negative errno: -ENOENT there is no getent, -ESRCH it knows no such key, -ETIMEDOUT it took too long (ten
 * seconds), -EFBIG it printed more than 1 MiB, -EIO it failed in another way. */
int getent_query(const char *database, const char *key, const struct getent_guard *guard, char **ret);
