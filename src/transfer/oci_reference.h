/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * oci_reference: names of images in registries: [HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST].
 *
 * What a short name stands for is decided by files *.oci-registry in systemd/oci-registry/ below /etc, /run and
 * /usr/lib: image.NAME.oci-registry for one name, default.oci-registry for all, registry.HOST.oci-registry for a
 * registry. Each is a JSON object; known are defaultRegistry, overrideRegistry and shortImagePrefix. Without them it is
 * Docker's registry.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* What "docker.io" stands for. */
#define OCI_DOCKER_REGISTRY "registry-1.docker.io"

struct oci_reference {
    char *registry;             /* host, perhaps with a port */
    char *repository;
    char *tag;                  /* "latest" where neither tag nor digest are given */
    char *digest;               /* or NULL */
};

/* Whether TEXT begins with a host (a dot, a port or "localhost" before a slash), as no name of an image server does. */
bool oci_reference_names_host(const char *text);

/* R5132: it is no such name. */
int oci_reference_parse(const char *text, struct oci_reference *ret, struct error **err);

/* Puts the files' rules to it. */
int oci_reference_resolve(struct oci_reference *reference, struct error **err);
void oci_reference_done(struct oci_reference *reference);

/* Whether the registry HOST is this host itself, which is spoken to without encryption. */
bool oci_registry_is_local(const char *host);
