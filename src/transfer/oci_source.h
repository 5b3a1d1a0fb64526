/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * oci_source: where the parts of a container image come from: a registry, or a folder (an OCI layout, or what `docker
 * save` puts into its archive).
 */
#pragma once

#include "base/error.h"
#include "base/strings.h"
#include "transfer/job.h"
#include "transfer/oci_document.h"
#include "transfer/oci_reference.h"

/* One of the registries that may have it. */
struct oci_place {
    char *server;               /* "https://HOST[:PORT]" */
    char *repository;
    char *login;                /* as registry_login_find() gives it */
};

struct oci_source {
    struct job *job;
    /* a registry: */
    struct oci_reference reference;
    struct oci_place *place;    /* its mirrors, and itself; each is asked when those before it have failed */
    size_t n_places, at;
    struct strings headers;     /* how we prove to the one at AT who we are, once that was asked for */
    /* a folder: */
    int folder_fd;              /* -1: it is a registry */
};

#define OCI_SOURCE_NONE {.folder_fd = -1}

/* Finds out where the image of the reference may be had from. */
int oci_source_find_places(struct oci_source *source, struct error **err);

/* The document NAME (a tag or a digest), as text; checked against its digest where NAME is one. Gives. */
int oci_source_document(struct oci_source *source, const char *name, char **ret, size_t *ret_size, struct error **err);

/* The bytes of a blob, size and digest checked: a registry's into FILE_FD (an empty file), which *ret_fd then is; a
 * folder's is opened. *ret_fd is the caller's to close when it is another one. R5134: it is not what it should be. */
int oci_source_blob(struct oci_source *source, const struct oci_descriptor *item, int file_fd, bool show_progress,
                    int *ret_fd, struct error **err);

/* A file of the folder. Gives a descriptor. */
int oci_source_open(struct oci_source *source, const char *path, int *ret_fd, struct error **err);
void oci_source_done(struct oci_source *source);

/* One challenge of WWW-Authenticate taken apart; for tests. False: it is no Bearer challenge. Gives all three. */
bool oci_challenge_parse(const char *text, char **ret_realm, char **ret_service, char **ret_scope);
