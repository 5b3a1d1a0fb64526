/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * credentials: small secrets handed to the payload (--set-credential, --load-credential) as files in
 * /run/host/credentials: a ramfs, so that they never reach a disk or swap.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/spec.h"

/* All of them together. The memory of a ramfs cannot be taken back, so there has to be an end. */
#define CREDENTIALS_SIZE_MAX ((size_t) 16 << 20)

struct loaded_credential {
    const char *id;             /* of the spec */
    char *data;
    size_t size;
};

struct credentials {
    struct loaded_credential *item;
    size_t count;
};

/* A file name of printable ASCII without ':', at most 255 bytes. */
bool credential_name_is_valid(const char *name);

/* Host half: reads what SPEC names, in its order. A path is a file or a listening stream socket, read to its end; a
 * bare name is looked for in DIRECTORY ($CREDENTIALS_DIRECTORY; may be NULL), then in /etc/credstore, /run/credstore,
 * /usr/local/lib/credstore and /usr/lib/credstore below HOST_FD, the host's root directory. A failure is fatal. */
int credentials_load(const struct spec *spec, int host_fd, const char *directory, struct credentials *ret,
                     struct error **err);

/* Container half: RUN_HOST_FD is /run/host as the payload will see it, still writable. FOR_ALL: any user may read them
 * (0555 and 0444), else root only (0500 and 0400). Does nothing where there are none. */
int credentials_apply(const struct credentials *credentials, int run_host_fd, bool for_all, struct error **err);

/* A payload that is not root from the start and can never become someone else: who it is may read them. */
bool credentials_are_for_all(const struct spec *spec);

/* Wipes and frees them: right after the container has them. */
void credentials_done(struct credentials *credentials);
