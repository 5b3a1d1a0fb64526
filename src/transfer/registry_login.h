/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registry_login: who we are to a registry, from the files that `podman login`, `skopeo login` and `docker login`
 * write: $REGISTRY_AUTH_FILE, else containers/auth.json below /run, $XDG_RUNTIME_DIR and ~/.config, and
 * ~/.docker/config.json.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The user and password for PLACE ("HOST[:PORT]/REPOSITORY"), as a header has them: base64 of "USER:PASSWORD". Gives;
 * NULL: there is no login. R5190: a file cannot be read; R5191: the login is kept where we do not get it. */
int registry_login_find(const char *place, char **ret, struct error **err);

/* In one such file's text. *ret stays NULL where it has none. FILE is for errors. */
int registry_login_parse(const char *text, size_t size, const char *file, const char *place, char **ret,
                         struct error **err);
