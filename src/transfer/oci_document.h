/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * oci_document: the JSON documents of container images: indexes, manifests, configurations (OCI image-spec 1.1 and
 * Docker's schema 2), and the manifest.json of `docker save`.
 *
 * They come from outside. What is not understood is refused, what is not needed is passed over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "transfer/digest.h"

struct oci_descriptor {
    char *digest_text;          /* "sha256:…" */
    struct digest digest;
    uint64_t size;
    char *media_type;           /* or NULL */
    char *os, *architecture, *variant;  /* of an index's entry; or NULL */
    char *ref_name;             /* its tag in a layout; or NULL */
    bool is_foreign;            /* to be had elsewhere only */
};

struct oci_document {
    bool is_index;
    struct oci_descriptor config;       /* of a manifest */
    struct oci_descriptor *item;        /* entries of an index, or layers, lowest first */
    size_t count;
};

/* R5130: it is no such document. R5131: one of a kind we do not know (schema 1). */
int oci_document_parse(const char *text, size_t size, struct oci_document *ret, struct error **err);
void oci_document_done(struct oci_document *document);

/* The entry for a platform "OS/ARCH[/VARIANT]"; the one tagged TAG where TAG is not NULL. NULL: there is none. */
const struct oci_descriptor *oci_document_pick(const struct oci_document *index, const char *platform, const char *tag);

/* This machine's platform: "linux/amd64". */
const char *oci_platform_here(void);

struct oci_config {
    struct strings entrypoint, command, environment, volumes, ports;
    char *directory, *user, *stop_signal;
    char *os, *architecture;
};

int oci_config_parse(const char *text, size_t size, struct oci_config *ret, struct error **err);
void oci_config_done(struct oci_config *config);

/* The same as a .nspawn file. Gives. */
char *oci_config_settings(const struct oci_config *config);

/* `docker save`: files of the archive. */
struct docker_manifest {
    char *config;
    struct strings tags, layers;
};
int docker_manifest_parse(const char *text, size_t size, struct docker_manifest *ret, struct error **err);
void docker_manifest_done(struct docker_manifest *manifest);
